package pagecheck

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// exercise gives the image to bbolt, and does with it all that a program could:
// reads every key in every way, changes every bucket in several transactions, and
// has bbolt check the result. It returns what went wrong. A panic in a goroutine of
// bbolt would end the test binary, which is a failure as well.
func exercise(t testing.TB, image []byte, noFreelistSync bool) (err error) {
	path := filepath.Join(t.TempDir(), "exercised.db")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		return err
	}
	defer os.Remove(path)
	// A read beyond the mapped file becomes a panic that can be recovered.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoGrowSync: true, NoFreelistSync: noFreelistSync})
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	if err := db.View(func(tx *bbolt.Tx) error { return readAll(tx.Cursor().Bucket()) }); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	for round := range 3 {
		err := db.Update(func(tx *bbolt.Tx) error { return changeAll(tx.Cursor().Bucket(), round) })
		if err != nil {
			return fmt.Errorf("change: %w", err)
		}
	}
	err = db.View(func(tx *bbolt.Tx) error {
		var first error
		for err := range tx.Check() {
			// Lost space is no damage.
			if first == nil && !strings.Contains(err.Error(), "unreachable unfreed") {
				first = err
			}
		}
		return first
	})
	if err != nil {
		return fmt.Errorf("bbolt's check after the changes: %w", err)
	}
	return db.Close()
}

// readAll reads b and the buckets in it, forwards, backwards and by key.
func readAll(b *bbolt.Bucket) error {
	var last []byte
	n := 0
	err := b.ForEach(func(k, v []byte) error {
		if n > 0 && bytes.Compare(last, k) >= 0 {
			return fmt.Errorf("key %x follows %x", k, last)
		}
		last = k
		n++
		if v == nil {
			in := b.Bucket(k)
			if in == nil {
				return fmt.Errorf("bucket %x is not found", k)
			}
			return readAll(in)
		}
		if got := b.Get(k); !bytes.Equal(got, v) {
			return fmt.Errorf("key %x is not found", k)
		}
		return nil
	})
	if err != nil {
		return err
	}
	c := b.Cursor()
	for k, _ := c.Last(); k != nil; k, _ = c.Prev() {
		n--
	}
	if n != 0 {
		return fmt.Errorf("%d keys fewer backwards than forwards", n)
	}
	b.Stats()
	return nil
}

// changeAll deletes, overwrites and adds keys in b and in the buckets in it. The
// last round deletes what is left of all buckets but the outermost.
func changeAll(b *bbolt.Bucket, round int) error {
	var keys, buckets [][]byte
	err := b.ForEach(func(k, v []byte) error {
		if v == nil {
			buckets = append(buckets, bytes.Clone(k))
		} else {
			keys = append(keys, bytes.Clone(k))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range buckets {
		if err := changeAll(b.Bucket(k), round); err != nil {
			return err
		}
		if round == 2 {
			if err := b.DeleteBucket(k); err != nil {
				return err
			}
		}
	}
	if b == b.Tx().Cursor().Bucket() {
		return nil // the root bucket holds buckets only
	}
	for i, k := range keys {
		switch (i + round) % 4 {
		case 0, 1:
			err = b.Delete(k)
		case 2:
			err = b.Put(k, bytes.Repeat([]byte{'x'}, i%300))
		}
		if err != nil {
			return err
		}
	}
	if _, err := b.NextSequence(); err != nil {
		return err
	}
	for i := range 5 {
		if err := b.Put(fmt.Appendf(nil, "new-%d-%d", round, i), []byte("value")); err != nil {
			return err
		}
	}
	return nil
}
