package boltstore

import (
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// pass says what align does with the tables of the store. In the buckets of an application,
// whose changes are in no log, it always makes the new file like the old one.
type pass uint8

const (
	copyAll       pass = iota // they are copied
	compareTables             // what differs goes into doubts
	skipTables
)

// maxDepth is how deep buckets may be nested. In a damaged file one may be inside of itself.
const maxDepth = 1000

// align goes through a bucket, and those inside of it, in both files.
func (c *copying) align(at bucketPath, p pass) error {
	in, isTable := at.table()
	if isTable && p == skipTables {
		return nil
	}
	if len(at) > maxDepth {
		return damaged("buckets are nested more than %d deep", maxDepth)
	}
	var inside [][]byte
	var past []byte
	for {
		if c.between != nil {
			c.between()
		}
		old, have, err := c.read(at, past)
		if err != nil {
			return err
		}
		past = common(&old, &have)
		for i := range old.items {
			if old.items[i].bucket {
				inside = append(inside, old.items[i].key)
			}
		}
		switch edits := differences(have.items, old.items); {
		case isTable && len(inside) > 0:
			return damaged("the bucket bgq/%s has a bucket inside", at[1])
		case isTable && p == compareTables:
			c.doubt(in, edits)
		case len(edits) > 0 || old.there && old.sequence != have.sequence:
			if err := c.apply(at, edits, old.sequence); err != nil {
				return err
			}
		}
		if isTable && p == copyAll {
			c.copied[in] = extent{whole: past == nil, upTo: past}
		}
		if c.changes.bytes.Load()+c.doubtBytes > c.maxLog && p != skipTables {
			if err := c.settle(); err != nil {
				return err
			}
		}
		if past == nil {
			break
		}
	}
	for _, name := range inside {
		if err := c.align(at.below(name), p); err != nil {
			return err
		}
	}
	return nil
}

// read returns the chunks of both files that follow the key past.
func (c *copying) read(at bucketPath, past []byte) (old, have chunk, err error) {
	if err := c.alive(); err != nil {
		return old, have, err
	}
	err = c.s.view(c.ctx, func(r *reader) (err error) {
		old, err = readChunk(r.tx, at, past, c.step)
		return err
	})
	if err != nil {
		return old, have, err
	}
	err = guard(func() error {
		return c.db.View(func(tx *bbolt.Tx) (err error) {
			have, err = readChunk(tx, at, past, c.step)
			return err
		})
	})
	if err != nil {
		err = c.failed("read", fmt.Errorf("%v", err)) // not the damage of the old one
	}
	return old, have, err
}

// apply changes a bucket of the new file.
func (c *copying) apply(at bucketPath, edits []edit, sequence uint64) error {
	size := 0
	err := c.write(func(tx *bbolt.Tx) error {
		b := at.in(tx)
		if b == nil {
			return fmt.Errorf("the bucket %q is gone", at)
		}
		b.FillPercent = fullness
		for i := range edits {
			if err := edits[i].apply(b); err != nil {
				return err
			}
			if now := edits[i].now; now != nil {
				size += len(now.key) + len(now.value)
			}
		}
		if b.Sequence() != sequence {
			return b.SetSequence(sequence)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.wrote(size)
}

// fullness is how full pages are made: what is copied arrives in order. The rest is for records
// that grow.
const fullness = 0.9

// extent is how far a table has been copied.
type extent struct {
	whole bool
	upTo  []byte
}

// doubt notes keys whose items differ.
func (c *copying) doubt(in table, edits []edit) {
	for i := range edits {
		d := changed{in, slices.Clone(edits[i].key())}
		c.doubts = append(c.doubts, d)
		c.doubtBytes += int64(len(d.key) + keyCost)
	}
}
