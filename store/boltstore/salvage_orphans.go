package boltstore

import (
	"bytes"
	"cmp"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// searchOrphans looks for what is missing in the pages that the tree does not lead to. Older
// states of records are there too, also of jobs that were deleted; so nothing is taken but
// what is known to be missing.
func (v *salvage) searchOrphans() error {
	o := &orphans{salvage: v, indexed: v.survey.indexed()}
	err := v.stage.each(shelfLost, nil, func(_, _ []byte) error {
		o.jobs = true
		return nil
	})
	if err != nil {
		return err
	}
	o.jobs = o.jobs || !o.indexed && !v.survey.missing[tableJob].empty()
	wanted := o.jobs
	for _, in := range []table{tableArgs, tableResult, tableFailure, tablePoint, tableLog, tableQueue, tableBatch, tableSchedule, tableAudit} {
		wanted = wanted || !v.survey.missing[in].empty()
	}
	if !wanted {
		return nil
	}
	root := &v.root
	if v.report.Tree != TreeNewest || v.report.MetaDamaged {
		root = nil // what was free then may be in use since
	}
	return v.w.Orphans(root, v.survey.reached, func(free bool, it *pagecheck.Item) error {
		if err := v.pause(); err != nil {
			return err
		}
		o.free = free
		return o.item(it)
	})
}

// orphans is the search. Of which table an item is has to be told from itself.
type orphans struct {
	*salvage
	jobs    bool // some are missing
	indexed bool // those are named
	free    bool // the item at hand is in a page that is not in use any more
}

func (o *orphans) missing(in table, key []byte) bool { return o.survey.missing[in].has(key) }

func (o *orphans) item(it *pagecheck.Item) error {
	key := it.Key
	if len(key) == idLen {
		if o.jobs && o.wantsJob(key) {
			if j, ok := readHead(it); ok {
				return o.job(it, j)
			}
		}
		if o.missing(tableArgs, key) || o.missing(tableResult, key) {
			if err := o.value(it); err != nil {
				return err
			}
		}
	}
	for _, in := range []table{tableFailure, tableLog, tablePoint, tableAudit, tableBatch, tableSchedule, tableQueue} {
		if !o.missing(in, key) || o.free && (in == tablePoint || in == tableAudit) {
			continue
		}
		sealed, err := it.Value()
		if err == nil && o.readable(in, key, sealed, false) && resembles(in, key, sealed) {
			return o.record(in, it, sealed)
		}
	}
	return nil
}

// resembles tells failures, lines of a log and checkpoints from each other: their keys look alike.
func resembles(in table, key, sealed []byte) bool {
	line := bytes.Contains(sealed, []byte("\xa5level")) && bytes.Contains(sealed, []byte("\xa4text"))
	switch in {
	case tableFailure:
		return !line
	case tableLog:
		return line
	case tablePoint:
		return checkName("checkpoint", string(key[idLen:]), maxName) == nil
	}
	return true
}

func (o *orphans) wantsJob(id []byte) bool {
	if p, ok := o.stage.find(shelf(tableJob), id); ok && p.trust == certain {
		return false
	}
	return o.stage.has(shelfLost, id) || !o.indexed && !o.free && o.missing(tableJob, id)
}

// job notes a record. If an index has it at the same place, it is as it was; otherwise the one
// that has come farthest is taken.
func (o *orphans) job(it *pagecheck.Item, j *record) error {
	at := spot{doubtful, it.At, it.Size}
	in, key := indexKey(nil, j)
	if !o.free && o.stage.has(shelfNamed, namedKey(in, key)) {
		at.trust = confirmed
	}
	if was, ok := o.stage.find(shelf(tableJob), j.ID[:]); ok {
		other, readable := o.head(j.ID, was)
		if was.trust > at.trust || readable && was.trust == at.trust && !farther(j, other) {
			return nil
		}
	}
	return o.stage.place(shelf(tableJob), j.ID[:], at)
}

// farther tells whether a job has come farther than in another state of it.
func farther(a, b *record) bool {
	return cmp.Or(
		cmp.Compare(a.Claim, b.Claim),
		cmp.Compare(bitIf(a.State.Final(), 1), bitIf(b.State.Final(), 1)),
		a.FinalisedAt.Compare(b.FinalisedAt),
		cmp.Compare(a.FailureCount, b.FailureCount),
		cmp.Compare(a.Attempt, b.Attempt),
	) > 0
}

// value notes what may be arguments or a result: their job will know by the size.
func (o *orphans) value(it *pagecheck.Item) error {
	sealed, err := it.Value()
	if err != nil {
		return nil
	}
	body, ok := unseal(it.Key, sealed)
	if !ok {
		return nil
	}
	return o.note(shelfValue, valueKey(store.ID(it.Key), len(body)), it, sealed)
}

// record notes a record of another table.
func (o *orphans) record(in table, it *pagecheck.Item, sealed []byte) error {
	if in != tableBatch && in != tableSchedule {
		return o.note(shelf(in), it.Key, it, sealed)
	}
	// Of several states of a batch, or of a schedule, the one that has come farthest is taken.
	if was, ok := o.stage.find(shelf(in), it.Key); ok {
		b, err := o.w.Read(was.at, was.size)
		if was.trust == certain || err == nil && !laterSetting(in, it.Key, sealed, b) {
			return nil
		}
	}
	return o.stage.place(shelf(in), it.Key, spot{doubtful, it.At, it.Size})
}

// note stages a record of which there can be only one state, or none can be told from another.
func (o *orphans) note(s shelf, key []byte, it *pagecheck.Item, sealed []byte) error {
	was, ok := o.stage.find(s, key)
	if !ok {
		return o.stage.place(s, key, spot{doubtful, it.At, it.Size})
	}
	if was.trust != doubtful {
		return nil
	}
	if b, err := o.w.Read(was.at, was.size); err != nil || bytes.Equal(b, sealed) {
		return nil
	}
	was.trust = clashing
	return o.stage.place(s, key, was)
}

// head reads the record of a job at a place.
func (v *salvage) head(id store.ID, at spot) (*record, bool) {
	b, err := v.w.Read(at.at, at.size)
	if err != nil {
		return nil, false
	}
	j := &record{}
	return j, j.decode(id, b, nil) == nil
}
