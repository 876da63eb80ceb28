package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// stage is a file for the time of a salvage that says where in the damaged file each record
// is. So the memory does not grow with the number of records, and they can be looked up in any
// order.
type stage struct {
	db   *bbolt.DB
	tx   *bbolt.Tx
	path string
	open [shelves]*bbolt.Bucket
	puts int
}

// shelf names what is staged: the records of a table, or one of those below.
type shelf uint8

const (
	shelfValue   = shelf(tables) + iota // id, size(8): values of unknown use, which are arguments or results
	shelfBad                            // id: its record is damaged
	shelfLost                           // id: something names it → 1, or 2 if it had ended
	shelfKey                            // id in shelfLost → its unique key
	shelfNamed                          // table(1) and key of an index that names a job in shelfLost
	shelfUnique                         // unique key: taken
	shelfToken                          // idempotency key: taken
	shelfQueue                          // name of a queue that a job is in
	shelfRebuilt                        // name of a batch, see rebuild
	shelfBase                           // base of a batch: taken
	shelves
)

func newStage(dir string) (*stage, error) {
	f, err := os.CreateTemp(dir, ".bgq-repair-*")
	if err != nil {
		return nil, err
	}
	st := &stage{path: f.Name()}
	if err := f.Close(); err != nil {
		return nil, err
	}
	options := bbolt.Options{Timeout: time.Second, NoSync: true, NoGrowSync: true, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType}
	if st.db, err = bbolt.Open(st.path, 0o600, &options); err != nil {
		os.Remove(st.path)
		return nil, err
	}
	_ = os.Remove(st.path) // where an open file can be removed, nothing is ever left of it
	err = st.db.Update(func(tx *bbolt.Tx) error {
		for s := range shelves {
			if _, err := tx.CreateBucket([]byte{byte(s)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = st.begin()
	}
	if err != nil {
		st.close()
		return nil, err
	}
	return st, nil
}

func (st *stage) begin() (err error) {
	st.open, st.puts = [shelves]*bbolt.Bucket{}, 0
	st.tx, err = st.db.Begin(true)
	return err
}

func (st *stage) close() {
	if st.tx != nil {
		_ = st.tx.Rollback()
	}
	_ = st.db.Close()
	_ = os.Remove(st.path)
}

func (st *stage) bucket(s shelf) *bbolt.Bucket {
	if st.open[s] == nil {
		st.open[s] = st.tx.Bucket([]byte{byte(s)})
		st.open[s].FillPercent = fullness
	}
	return st.open[s]
}

// stagePuts is after how many puts the stage commits, which bounds its memory.
const stagePuts = 20_000

func (st *stage) put(s shelf, key, value []byte) error {
	if len(key) == 0 || len(key) > bbolt.MaxKeySize {
		return nil // no key that this package writes
	}
	if st.puts++; st.puts > stagePuts {
		err := st.tx.Commit()
		if err == nil {
			err = st.begin()
		}
		if err != nil {
			st.tx = nil
			return fmt.Errorf("the scratch file of the repair: %w", err)
		}
	}
	return st.bucket(s).Put(key, value) // which copies the key
}

// get returns a value that is good until the next put, or nil.
func (st *stage) get(s shelf, key []byte) []byte {
	if len(key) == 0 {
		return nil
	}
	return st.bucket(s).Get(key)
}

func (st *stage) has(s shelf, key []byte) bool { return st.get(s, key) != nil }

// mark puts a key that has no value.
func (st *stage) mark(s shelf, key []byte) error { return st.put(s, key, []byte{1}) }

// each calls a function for all entries whose keys begin with prefix, in order. It may put.
func (st *stage) each(s shelf, prefix []byte, fn func(key, value []byte) error) error {
	const many = 1000
	type entry struct{ key, value []byte }
	for from := prefix; ; {
		var some []entry
		c := st.bucket(s).Cursor()
		for k, v := c.Seek(from); k != nil && bytes.HasPrefix(k, prefix) && len(some) < many; k, v = c.Next() {
			some = append(some, entry{bytes.Clone(k), bytes.Clone(v)})
		}
		for _, e := range some {
			if err := fn(e.key, e.value); err != nil {
				return err
			}
		}
		if len(some) < many {
			return nil
		}
		from = append(some[many-1].key, 0)
	}
}

// last returns the last key that begins with prefix, or nil.
func (st *stage) last(s shelf, prefix []byte) []byte {
	c := st.bucket(s).Cursor()
	var k []byte
	if end := after(prefix); end != nil {
		k, _ = c.Seek(end)
	}
	if k != nil {
		k, _ = c.Prev()
	} else {
		k, _ = c.Last()
	}
	if !bytes.HasPrefix(k, prefix) {
		return nil
	}
	return k
}

// spot is where a record is.
type spot struct {
	trust    trust
	at, size int64
}

// trust is how sure it is that a record is the current one. A higher one replaces a lower.
type trust uint8

const (
	clashing  trust = iota // several that differ, and no way to tell which is current
	doubtful               // found where no tree leads to
	confirmed              // the same, and an index says that it is current
	certain                // found in the tree
)

func (p spot) encode() []byte {
	b := append(make([]byte, 0, 17), byte(p.trust))
	b = binary.BigEndian.AppendUint64(b, uint64(p.at))
	return binary.BigEndian.AppendUint64(b, uint64(p.size))
}

func decodeSpot(b []byte) spot {
	return spot{trust(b[0]), int64(binary.BigEndian.Uint64(b[1:])), int64(binary.BigEndian.Uint64(b[9:]))}
}

// find returns where a record is.
func (st *stage) find(s shelf, key []byte) (spot, bool) {
	b := st.get(s, key)
	if b == nil {
		return spot{}, false
	}
	return decodeSpot(b), true
}

func (st *stage) place(s shelf, key []byte, p spot) error { return st.put(s, key, p.encode()) }

// valueKey is where a value of unknown use is staged.
func valueKey(id store.ID, size int) []byte {
	return binary.BigEndian.AppendUint64(id[:idLen:idLen], uint64(size))
}
