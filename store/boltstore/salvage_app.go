package boltstore

import (
	"bytes"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// saveApp copies the buckets of the application.
func (v *salvage) saveApp() error {
	if len(v.report.App) == 0 {
		return nil
	}
	a := &appWalk{salvage: v, at: -1}
	_, err := v.w.Walk(v.root, a)
	return err
}

// appWalk is a Visitor that copies what it comes by, in the order in which the survey has met
// the buckets.
type appWalk struct {
	*salvage
	at     int           // the bucket of the report
	path   [][]byte      // of the bucket that was written to last
	bucket *bbolt.Bucket // it, as long as no commit comes between
	tx     *bbolt.Tx
}

// Bucket implements pagecheck.Visitor.
func (a *appWalk) Bucket(path [][]byte, sequence uint64) (pagecheck.Choice, error) {
	if bytes.Equal(path[0], rootName) {
		return pagecheck.Skip, nil
	}
	if len(path) == 1 {
		if a.at++; a.at >= len(a.report.App) {
			return pagecheck.Skip, nil
		}
	}
	if len(path) > maxDepth {
		a.report.App[a.at].Whole = false
		return pagecheck.Skip, nil
	}
	if a.out == nil {
		return pagecheck.Enter, nil
	}
	b, err := a.in(path)
	if err == nil && sequence != 0 {
		err = b.SetSequence(sequence)
	}
	if err != nil {
		return pagecheck.Skip, a.out.failed(err)
	}
	return pagecheck.Enter, a.out.wrote(1, 0)
}

// in returns a bucket of the new file, which it creates with all above it if it is not there.
func (a *appWalk) in(path [][]byte) (*bbolt.Bucket, error) {
	tx := a.out.t.tx
	if a.tx == tx && slices.EqualFunc(a.path, path, bytes.Equal) {
		return a.bucket, nil
	}
	b := tx.Cursor().Bucket()
	for _, name := range path {
		var err error
		if b, err = b.CreateBucketIfNotExists(name); err != nil {
			return nil, err
		}
	}
	b.FillPercent = fullness
	a.tx, a.bucket, a.path = tx, b, slices.Clone(path)
	return b, nil
}

// Item implements pagecheck.Visitor.
func (a *appWalk) Item(path [][]byte, it *pagecheck.Item) (bool, error) {
	if err := a.pause(); err != nil {
		return false, err
	}
	if len(path) == 0 || bytes.Equal(path[0], rootName) {
		return true, nil
	}
	report := &a.report.App[a.at]
	value, err := it.Value()
	if !it.Sound || err != nil {
		report.Whole = false // of a page that does not hold together nothing can be believed
		return true, nil
	}
	report.Items++
	if a.out == nil {
		return true, nil
	}
	b, err := a.in(path)
	if err == nil {
		err = b.Put(it.Key, bytes.Clone(value))
	}
	if err != nil {
		return false, a.out.failed(err)
	}
	return true, a.out.wrote(1, len(it.Key)+len(value))
}

// Lost implements pagecheck.Visitor: the survey has told already.
func (a *appWalk) Lost([][]byte, []byte, []byte) error { return nil }

// Damaged implements pagecheck.Visitor.
func (a *appWalk) Damaged(uint64, string) {}
