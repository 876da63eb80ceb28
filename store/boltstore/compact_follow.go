package boltstore

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"
)

// maxLog is how many bytes of memory the log of changes may take before it is worked off.
const maxLog = 32 << 20

// settle takes the log of changes, and does to the new file what it says.
func (c *copying) settle() error {
	c.s.writer.Lock()
	keys := c.changes.take()
	c.s.writer.Unlock()
	return c.redo(keys)
}

// redo copies what the log says was changed, as far as it has been copied before: the rest
// is yet to come. What a comparison found to differ must be in that log.
func (c *copying) redo(keys map[string]struct{}) error {
	for i := range c.doubts {
		d := &c.doubts[i]
		if _, ok := keys[d.noted()]; !ok {
			return c.s.fail(fmt.Errorf("the copy differs from it at bgq/%s/%x, and nothing is known to have been written there", tableNames[d.in], d.key),
				c.outcome+"; if the application leaves the bucket bgq alone, please report this")
		}
	}
	c.doubts, c.doubtBytes = nil, 0
	todo := sorted(keys)
	n := 0
	for _, t := range todo {
		if e := c.copied[t.in]; e.whole || e.upTo != nil && bytes.Compare(t.key, e.upTo) <= 0 {
			todo[n] = t
			n++
		}
	}
	for todo = todo[:n]; len(todo) > 0; {
		done, err := c.followSome(todo)
		if err != nil {
			return err
		}
		todo = todo[done:]
	}
	return nil
}

// followSome does what one chunk has room for, and returns how much that was.
func (c *copying) followSome(todo []changed) (done int, err error) {
	if err := c.alive(); err != nil {
		return 0, err
	}
	var values [][]byte // nil: the key is not there any more
	size := 0
	err = c.s.view(c.ctx, func(r *reader) error {
		for i := range todo {
			if i == c.step || size >= chunkBytes {
				break
			}
			var value []byte
			if _, v, found := r.seek(todo[i].in, todo[i].key); found {
				value = append([]byte{}, v...)
			}
			values = append(values, value)
			size += len(todo[i].key) + len(value)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	err = c.write(func(tx *bbolt.Tx) error {
		r := reader{tx: tx}
		for i, value := range values {
			b := r.bucket(todo[i].in)
			b.FillPercent = fullness
			var err error
			if value == nil {
				err = b.Delete(todo[i].key)
			} else {
				err = b.Put(todo[i].key, value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(values), c.wrote(size)
}
