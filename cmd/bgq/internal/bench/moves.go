package bench

import (
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// move is a put or a delete that bgq makes for a job. Its key has the id of the job in it.
type move struct {
	bucket        string // as a path: bgq/job
	before, after string // the key, around the id
	gone          bool   // it is deleted
	value         int    // the length of what is put
}

// moves are those of a step of a job, ordered by bucket and key.
type moves []move

// bytes is how many bytes are put: keys and values.
func (m moves) bytes() (n int) {
	for _, move := range m {
		if !move.gone {
			n += len(move.before) + len(store.ID{}) + len(move.after) + move.value
		}
	}
	return n
}

// ascending are the buckets whose pages bgq fills: their keys mostly come in ascending order.
// The others are left to bbolt's own measure.
var ascending = []string{"bgq/job", "bgq/args", "bgq/result", "bgq/failure", "bgq/done"}

// on returns a function that makes the moves for jobs in a file, those of one call in one commit. The
// file must have the buckets.
func (m moves) on(db *bbolt.DB) step {
	longest := 0
	for _, move := range m {
		longest = max(longest, move.value)
	}
	value := noise(longest)
	buckets := make([]*bbolt.Bucket, len(m))
	var key []byte // bbolt copies keys
	return func(ids ...store.ID) error {
		return db.Update(func(tx *bbolt.Tx) (err error) {
			for i := range m {
				if buckets[i], err = bucketAt(tx, m[i].bucket); err != nil {
					return err
				}
			}
			for _, id := range ids {
				for i := range m {
					key = append(append(append(key[:0], m[i].before...), id[:]...), m[i].after...)
					if m[i].gone {
						err = buckets[i].Delete(key)
					} else {
						err = buckets[i].Put(key, value[:m[i].value])
					}
					if err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
}

// bucketAt finds a bucket by its path, and prepares it for being written.
func bucketAt(tx *bbolt.Tx, path string) (*bbolt.Bucket, error) {
	names := strings.Split(path, "/")
	b := tx.Bucket([]byte(names[0]))
	for _, name := range names[1:] {
		if b != nil {
			b = b.Bucket([]byte(name))
		}
	}
	if b == nil {
		return nil, fmt.Errorf("a new file of bgq has no bucket %s", path)
	}
	if slices.Contains(ascending, path) {
		b.FillPercent = 0.9
	}
	return b, nil
}
