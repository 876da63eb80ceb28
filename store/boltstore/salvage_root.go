package boltstore

import (
	"fmt"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// looseRoots is how many pages are tried that could be the root of a tree.
const looseRoots = 16

// chooseRoot decides by which tree the records are found: that of the newest valid meta page;
// or if no queue can be reached by it, that of the other one; or else the soundest that is
// found without a meta page. If there is none, the pages are read one by one.
func (v *salvage) chooseRoot() error {
	valid := 0
	roots := v.w.Roots()
	for _, root := range roots {
		if root.Valid {
			valid++
		}
	}
	v.report.MetaDamaged = valid == 1
	for i, root := range roots {
		p, err := v.peek(root)
		if err != nil {
			return err
		}
		if i == 0 && root.Valid && p.sound && !p.queue {
			return v.src.fail(fmt.Errorf("%w: it is a bbolt file without a queue", store.ErrForeign), "check the name; the file was left as it is")
		}
		if p.queue && p.tables > 0 {
			v.root = root
			if i > 0 || !root.Valid {
				v.report.Tree = TreeOlder
			}
			return nil
		}
	}
	v.report.Tree = TreeNone
	var best *trial
	for _, root := range v.w.Loose(string(rootName), looseRoots) {
		t := &trial{v: v, root: root}
		if _, err := v.w.Walk(root, t); err != nil {
			return err
		}
		if t.jobs > 0 && t.better(best) {
			best = t
			v.root, v.report.Tree = root, TreeOlder
		}
	}
	return nil
}

// peek looks whether a root leads to a queue.
func (v *salvage) peek(root pagecheck.Root) (*peek, error) {
	p := &peek{sound: true}
	_, err := v.w.Walk(root, p)
	return p, err
}

// peek is a Visitor that reads no further than to the names of the tables.
type peek struct {
	queue  bool
	tables int
	sound  bool // nothing else can be in the root
}

// Bucket implements pagecheck.Visitor.
func (p *peek) Bucket(path [][]byte, _ uint64) (pagecheck.Choice, error) {
	if len(path) == 1 && string(path[0]) == string(rootName) {
		p.queue = true
		return pagecheck.Enter, nil
	}
	if _, ok := bucketPath(path).table(); ok {
		p.tables++
	}
	return pagecheck.Skip, nil
}

// Item implements pagecheck.Visitor.
func (p *peek) Item([][]byte, *pagecheck.Item) (bool, error) { return true, nil }

// Lost implements pagecheck.Visitor.
func (p *peek) Lost(path [][]byte, _, _ []byte) error {
	p.sound = false
	return nil
}

// Damaged implements pagecheck.Visitor.
func (p *peek) Damaged(uint64, string) { p.sound = false }

// trial is a Visitor that judges a tree.
type trial struct {
	v       *salvage
	root    pagecheck.Root
	damaged int
	jobs    int
	newest  int64 // the latest time in a job
}

// better prefers the tree with less damage, which nothing was written over yet; then the one
// in which more has happened.
func (t *trial) better(o *trial) bool {
	switch {
	case o == nil:
		return true
	case t.damaged != o.damaged:
		return t.damaged < o.damaged
	case t.newest != o.newest:
		return t.newest > o.newest
	}
	return t.jobs > o.jobs
}

// Bucket implements pagecheck.Visitor.
func (t *trial) Bucket(path [][]byte, _ uint64) (pagecheck.Choice, error) {
	return pagecheck.Enter, nil
}

// Item implements pagecheck.Visitor.
func (t *trial) Item(path [][]byte, it *pagecheck.Item) (bool, error) {
	if err := t.v.pause(); err != nil {
		return false, err
	}
	if in, ok := bucketPath(path).table(); !ok || in != tableJob {
		return true, nil
	}
	j, ok := readHead(it)
	if !ok {
		t.damaged++
		return false, nil
	}
	t.jobs++
	t.newest = max(t.newest, nanos(j.CreatedAt), nanos(j.AttemptedAt), nanos(j.FinalisedAt))
	return true, nil
}

// Lost implements pagecheck.Visitor.
func (t *trial) Lost([][]byte, []byte, []byte) error { return nil }

// Damaged implements pagecheck.Visitor.
func (t *trial) Damaged(uint64, string) { t.damaged++ }

// readHead reads the record of a job, if the item is one.
func readHead(it *pagecheck.Item) (*record, bool) {
	if len(it.Key) != idLen {
		return nil, false
	}
	b, err := it.Value()
	if err != nil {
		return nil, false
	}
	j := &record{}
	return j, j.decode(store.ID(it.Key), b, nil) == nil
}
