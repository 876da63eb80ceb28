package boltstore

import (
	"bytes"
	"slices"

	"go.etcd.io/bbolt"
)

// bucketPath is the names that lead to a bucket. No name at all is the root of the file.
type bucketPath [][]byte

// in returns the bucket, or nil if it is not there.
func (p bucketPath) in(tx *bbolt.Tx) *bbolt.Bucket {
	b := tx.Cursor().Bucket()
	for _, name := range p {
		if b = b.Bucket(name); b == nil {
			return nil
		}
	}
	return b
}

// below returns the path of a bucket inside of this one.
func (p bucketPath) below(name []byte) bucketPath { return append(slices.Clip(p), name) }

// table returns which of the store's tables it is, if any.
func (p bucketPath) table() (table, bool) {
	if len(p) != 2 || !bytes.Equal(p[0], rootName) {
		return 0, false
	}
	i := slices.Index(tableNames[:], string(p[1]))
	return table(i), i >= 0
}

// item is what stands at a key.
type item struct {
	key    []byte
	value  []byte
	bucket bool // it has no value
}

func (i *item) equal(j *item) bool {
	return i.bucket == j.bucket && bytes.Equal(i.key, j.key) && bytes.Equal(i.value, j.value)
}

// chunk is a part of a bucket, copied out of its transaction.
type chunk struct {
	there    bool // the bucket exists
	sequence uint64
	items    []item
	last     bool // nothing follows
}

// The bounds of a chunk: the transaction that reads it must be short.
const (
	chunkItems = 4096
	chunkBytes = 1 << 20
)

// readChunk reads at most n of the items that follow the key past; nil: from the first.
func readChunk(tx *bbolt.Tx, at bucketPath, past []byte, n int) (chunk, error) {
	b := at.in(tx)
	if b == nil {
		return chunk{last: true}, nil
	}
	ch := chunk{there: true, sequence: b.Sequence()}
	c := b.Cursor()
	k, v := c.First()
	if past != nil {
		if k, v = c.Seek(past); bytes.Equal(k, past) {
			k, v = c.Next()
		}
	}
	var room arena
	for size := 0; k != nil; k, v = c.Next() {
		if past != nil && bytes.Compare(k, past) <= 0 {
			return chunk{}, damaged("the keys of the bucket %q are out of order", bytes.Join(at, []byte("/")))
		}
		if len(ch.items) == n || size >= chunkBytes {
			return ch, nil
		}
		i := item{key: room.keep(k), value: room.keep(v), bucket: v == nil}
		ch.items = append(ch.items, i)
		size += len(k) + len(v)
		past = i.key
	}
	ch.last = true
	return ch, nil
}

// cut drops what lies behind a key.
func (ch *chunk) cut(key []byte) {
	n := len(ch.items)
	for n > 0 && bytes.Compare(ch.items[n-1].key, key) > 0 {
		n--
	}
	ch.items = ch.items[:n]
}

// common cuts two chunks of the same bucket to the range of keys that both cover, and
// returns its end; nil: that of the bucket.
func common(a, b *chunk) []byte {
	var end []byte
	for _, ch := range []*chunk{a, b} {
		if ch.last {
			continue
		}
		if k := ch.items[len(ch.items)-1].key; end == nil || bytes.Compare(k, end) < 0 {
			end = k
		}
	}
	if end != nil {
		a.cut(end)
		b.cut(end)
	}
	return end
}

// arena keeps copies of many small slices in few large ones.
type arena []byte

func (a *arena) keep(b []byte) []byte {
	if len(*a)+len(b) > cap(*a) {
		*a = make([]byte, 0, max(64<<10, len(b)))
	}
	start := len(*a)
	*a = append(*a, b...)
	return (*a)[start:len(*a):len(*a)]
}

// edit is what makes an item of the new file like the one of the old file.
type edit struct {
	was, now *item // nil: there is none
}

func (e *edit) key() []byte {
	if e.now != nil {
		return e.now.key
	}
	return e.was.key
}

// differences returns what turns one into the other; both are sorted.
func differences(from, to []item) []edit {
	var edits []edit
	for len(from) > 0 || len(to) > 0 {
		order := 0
		switch {
		case len(from) == 0:
			order = 1
		case len(to) == 0:
			order = -1
		default:
			order = bytes.Compare(from[0].key, to[0].key)
		}
		switch {
		case order < 0:
			edits, from = append(edits, edit{was: &from[0]}), from[1:]
		case order > 0:
			edits, to = append(edits, edit{now: &to[0]}), to[1:]
		default:
			if !from[0].equal(&to[0]) {
				edits = append(edits, edit{&from[0], &to[0]})
			}
			from, to = from[1:], to[1:]
		}
	}
	return edits
}

// apply changes a bucket. What is in a bucket that is new is not its concern.
func (e *edit) apply(b *bbolt.Bucket) error {
	if e.was != nil && (e.now == nil || e.was.bucket != e.now.bucket) {
		var err error
		if e.was.bucket {
			err = b.DeleteBucket(e.was.key)
		} else {
			err = b.Delete(e.was.key)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case e.now == nil:
		return nil
	case e.now.bucket:
		_, err := b.CreateBucketIfNotExists(e.now.key)
		return err
	default:
		return b.Put(e.now.key, e.now.value)
	}
}
