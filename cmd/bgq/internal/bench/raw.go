package bench

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"strconv"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// raw is a file of bbolt with one bucket, set up as bgq sets up its own.
type raw struct{ db *bbolt.DB }

var rawBucket = []byte("raw")

// rawOptions are those that bgq opens its file with.
func rawOptions() *bbolt.Options {
	o := &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType}
	if strconv.IntSize == 64 && runtime.GOOS != "windows" {
		o.InitialMmapSize = 1 << 30
	}
	return o
}

// withinRaw opens a raw file, lets fn use it, and closes it.
func withinRaw(path string, fn func(r *raw) (take, error)) (t take, err error) {
	db, err := bbolt.Open(path, 0o600, rawOptions())
	if err != nil {
		return take{}, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(rawBucket)
		return err
	})
	if err == nil {
		t, err = fn(&raw{db})
	}
	return t, errors.Join(err, db.Close())
}

// put puts a value for each id in one commit.
func (r *raw) put(value []byte, ids ...store.ID) error {
	return r.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(rawBucket)
		b.FillPercent = 0.9 // the keys ascend
		for i := range ids {
			if err := b.Put(ids[i][:], value); err != nil {
				return err
			}
		}
		return nil
	})
}

// floor makes one put for each step of a job, of as many bytes as bgq puts in it.
func (r *raw) floor(w weight) floor {
	return floor{r.step(w.enqueue), r.step(w.claim), r.step(w.finish)}
}

// step makes one put of as many bytes as the moves put.
func (r *raw) step(m moves) step {
	value := rawValue(m.bytes())
	return func(ids ...store.ID) error { return r.put(value, ids...) }
}

// rawValue returns a value which makes a record of as many bytes with its key.
func rawValue(bytes int) []byte { return noise(max(0, bytes-len(store.ID{}))) }

// noise returns n bytes that no disk can make smaller, the same ones each time.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b) // never fails
	return b
}
