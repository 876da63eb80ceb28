package boltstore

import (
	"bytes"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// walkIndexes finds the jobs that an index or a unique key names and whose records were not
// found. If the indexes are whole, these are all that is lost.
func (v *salvage) walkIndexes() error {
	s := &v.survey
	named := int64(0)
	for _, in := range indexes {
		named += s.found[in]
	}
	if s.indexed() && s.missing[tableJob].empty() && s.bad[tableJob] == 0 && named == s.found[tableJob] {
		return nil
	}
	_, err := v.w.Walk(v.root, (*indexWalk)(v))
	return err
}

// indexed tells whether every job is named by an index.
func (s *survey) indexed() bool {
	for _, in := range indexes {
		if !s.seen[in] || !s.missing[in].empty() || s.bad[in] > 0 {
			return false
		}
	}
	return true
}

// indexWalk is a Visitor that reads the indexes.
type indexWalk salvage

// Bucket implements pagecheck.Visitor.
func (w *indexWalk) Bucket(path [][]byte, _ uint64) (pagecheck.Choice, error) {
	if in, isTable := bucketPath(path).table(); isTable && (isIndex(in) || in == tableUnique) || len(path) == 1 && string(path[0]) == string(rootName) {
		return pagecheck.Enter, nil
	}
	return pagecheck.Skip, nil
}

func isIndex(in table) bool { return in >= tableReady && in <= tableDone }

// Item implements pagecheck.Visitor.
func (w *indexWalk) Item(path [][]byte, it *pagecheck.Item) (bool, error) {
	v := (*salvage)(w)
	if err := v.pause(); err != nil {
		return false, err
	}
	in, isTable := bucketPath(path).table()
	switch {
	case isTable && isIndex(in) && it.Sound:
		return true, v.named(in, it.Key)
	case isTable && in == tableUnique:
		return true, v.keyed(it)
	}
	return true, nil
}

// named is told of an entry of an index.
func (v *salvage) named(in table, key []byte) error {
	id, ok := idAtEnd(key)
	if !ok || v.stage.has(shelf(tableJob), id[:]) {
		return nil
	}
	if err := v.stage.mark(shelfNamed, namedKey(in, key)); err != nil {
		return err
	}
	if in == tableDone {
		return v.stage.put(shelfLost, id[:], []byte{lostEnded})
	}
	return v.stage.mark(shelfLost, id[:])
}

// lostEnded is the value in shelfLost of a job that had ended.
const lostEnded = 2

// keyed is told of a unique key.
func (v *salvage) keyed(it *pagecheck.Item) error {
	sealed, err := it.Value()
	if err != nil {
		return nil
	}
	id, ok := unsealID(it.Key, sealed)
	if !ok || v.stage.has(shelf(tableJob), id[:]) {
		return nil
	}
	if !v.stage.has(shelfLost, id[:]) {
		if err := v.stage.mark(shelfLost, id[:]); err != nil {
			return err
		}
	}
	return v.stage.put(shelfKey, id[:], bytes.Clone(it.Key))
}

// Lost implements pagecheck.Visitor.
func (w *indexWalk) Lost([][]byte, []byte, []byte) error { return nil }

// Damaged implements pagecheck.Visitor.
func (w *indexWalk) Damaged(uint64, string) {}

// namedKey is where a place in an index is staged.
func namedKey(in table, key []byte) []byte {
	return append(append(make([]byte, 0, 1+len(key)), byte(in)), key...)
}

// nameLost sums up which jobs are lost, when all that can be found was found.
func (v *salvage) nameLost() error {
	s, r := &v.survey, v.report
	if !s.indexed() { // their parts name jobs too, and so do records that cannot be read
		for _, from := range []shelf{shelfBad, shelf(tableArgs), shelf(tableResult), shelf(tableFailure), shelf(tablePoint), shelf(tableLog)} {
			err := v.stage.each(from, nil, func(k, _ []byte) error {
				if v.stage.has(shelf(tableJob), k[:idLen]) {
					return v.pause()
				}
				if v.stage.has(shelfLost, k[:idLen]) {
					return nil
				}
				return v.stage.mark(shelfLost, k[:idLen])
			})
			if err != nil {
				return err
			}
		}
	}
	found, sure := int64(0), int64(0)
	err := v.stage.each(shelf(tableJob), nil, func(_, at []byte) error {
		if found++; decodeSpot(at).trust >= confirmed {
			sure++
		}
		return v.pause()
	})
	if err != nil {
		return err
	}
	err = v.stage.each(shelfLost, nil, func(k, _ []byte) error {
		if v.stage.has(shelf(tableJob), k) {
			return v.pause()
		}
		r.Lost.add(store.ID(k))
		return v.pause()
	})
	// What is named need not have been: a damaged index names anything. So only a number of jobs
	// that fits says that there were no others.
	r.LostUnknown = found+r.Lost.Total < r.Expected ||
		!s.missing[tableJob].empty() && !s.indexed() && (r.Expected < 0 || sure < r.Expected)
	return err
}
