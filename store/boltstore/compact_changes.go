package boltstore

import (
	"bytes"
	"cmp"
	"slices"
	"sync/atomic"
)

// changes is the log of what is written while the file is being compacted. Whoever
// writes tells it of each key, before it is known whether the transaction will be stored.
// It is guarded by Store.writer, so that who takes it knows that no transaction is under way.
type changes struct {
	keys  map[string]struct{} // each the number of a table and a key in it
	app   bool                // the application may have written in its own buckets
	count atomic.Int64        // of keys; may be read without the lock
	bytes atomic.Int64        // of memory, about
}

// keyCost is about what a key takes up in the log besides its bytes.
const keyCost = 64

func newChanges() *changes { return &changes{keys: map[string]struct{}{}} }

// note adds a key. It does nothing while there is no compaction.
func (c *changes) note(in table, key []byte) {
	if c == nil {
		return
	}
	// Most keys are noted several times: the compiler makes no copy to look one up.
	var b [512]byte
	k := append(append(b[:0], byte(in)), key...)
	if _, there := c.keys[string(k)]; there {
		return
	}
	c.keys[string(k)] = struct{}{}
	c.count.Add(1)
	c.bytes.Add(int64(len(k) + keyCost))
}

// noteApp says that the application has a transaction.
func (c *changes) noteApp() {
	if c != nil {
		c.app = true
	}
}

// take empties the log of keys.
func (c *changes) take() map[string]struct{} {
	keys := c.keys
	c.keys = map[string]struct{}{}
	c.count.Store(0)
	c.bytes.Store(0)
	return keys
}

// changed is a key that was written.
type changed struct {
	in  table
	key []byte
}

// noted is the entry of the log for a key.
func (c *changed) noted() string { return string(append([]byte{byte(c.in)}, c.key...)) }

// sorted returns the entries of a log in the order of the file.
func sorted(keys map[string]struct{}) []changed {
	all := make([]changed, 0, len(keys))
	for k := range keys {
		all = append(all, changed{table(k[0]), []byte(k[1:])})
	}
	slices.SortFunc(all, func(a, b changed) int {
		return cmp.Or(cmp.Compare(a.in, b.in), bytes.Compare(a.key, b.key))
	})
	return all
}
