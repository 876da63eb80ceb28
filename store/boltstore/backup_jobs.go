package boltstore

import (
	"io"

	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// countJobs sums up the counters in a file; -1: they cannot be read.
func countJobs(r io.ReaderAt, size int64) int64 {
	w, err := pagecheck.OpenWreck(r, size)
	if err != nil || len(w.Roots()) == 0 {
		return -1
	}
	var c counters
	if _, err := w.Walk(w.Roots()[0], &c); err != nil || c.bad || !c.seen {
		return -1
	}
	return c.n
}

// counters is a pagecheck.Visitor that reads the table of counters and nothing else.
type counters struct {
	n         int64
	seen, bad bool
}

func (c *counters) Bucket(path [][]byte, _ uint64) (pagecheck.Choice, error) {
	in, isTable := bucketPath(path).table()
	switch {
	case len(path) == 1 && string(path[0]) == string(rootName):
		return pagecheck.Enter, nil
	case isTable && in == tableCount:
		c.seen = true
		return pagecheck.Enter, nil
	}
	return pagecheck.Skip, nil
}

func (c *counters) Item(path [][]byte, it *pagecheck.Item) (bool, error) {
	sealed, err := it.Value()
	n, ok := readCount(it.Key, sealed)
	if err != nil || !ok {
		c.bad = true
	}
	c.n += n
	return err == nil && ok, nil
}

func (c *counters) Lost(path [][]byte, _, _ []byte) error {
	if in, isTable := bucketPath(path).table(); len(path) < 2 || isTable && in == tableCount {
		c.bad = true
	}
	return nil
}

func (c *counters) Damaged(uint64, string) {}
