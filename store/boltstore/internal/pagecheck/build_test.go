package pagecheck

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// shape is a kind of file that bbolt writes.
type shape struct {
	name    string
	options bbolt.Options
	fill    []func(*bbolt.Tx) error // one transaction each
}

// shapes are the files that the tests begin with.
func shapes() []shape {
	all := []func(*bbolt.Tx) error{manyKeys, inline, nested, largeValues, largeKeys, deleteSome}
	return []shape{
		{"empty", bbolt.Options{PageSize: 4096}, nil},
		{"many keys", bbolt.Options{PageSize: 4096}, []func(*bbolt.Tx) error{manyKeys}},
		{"inline buckets", bbolt.Options{PageSize: 4096}, []func(*bbolt.Tx) error{inline}},
		{"nested buckets", bbolt.Options{PageSize: 4096}, []func(*bbolt.Tx) error{nested}},
		{"large values", bbolt.Options{PageSize: 4096}, []func(*bbolt.Tx) error{largeValues}},
		{"large keys", bbolt.Options{PageSize: 4096}, []func(*bbolt.Tx) error{largeKeys}},
		{"after deletes", bbolt.Options{PageSize: 4096}, []func(*bbolt.Tx) error{manyKeys, deleteSome, deleteSome}},
		{"all of it", bbolt.Options{PageSize: 4096}, all},
		{"no freelist", bbolt.Options{PageSize: 4096, NoFreelistSync: true}, all},
		{"pages of 16 KiB", bbolt.Options{PageSize: 16384}, all},
		{"deep tree of small pages", bbolt.Options{PageSize: 1024}, append(all, manyKeys)},
		{"deep buckets", bbolt.Options{PageSize: 1024}, []func(*bbolt.Tx) error{deepBuckets}},
		{"large freelist", bbolt.Options{PageSize: 1024}, []func(*bbolt.Tx) error{hugeValue, deleteSome, deleteSome}},
	}
}

// build writes a file of the given shape, and returns its bytes.
func build(t testing.TB, s shape) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "built.db")
	s.options.NoSync = true
	db, err := bbolt.Open(path, 0o600, &s.options)
	if err != nil {
		t.Fatal(err)
	}
	for _, fill := range s.fill {
		if err := db.Update(fill); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	image, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func shapeNamed(t testing.TB, name string) shape {
	t.Helper()
	for _, s := range shapes() {
		if s.name == name {
			return s
		}
	}
	t.Fatalf("no shape %q", name)
	return shape{}
}

func manyKeys(tx *bbolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte("many"))
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		key := fmt.Appendf(nil, "key-%012d", r.IntN(1e9))
		if err := b.Put(key, bytes.Repeat([]byte{'v'}, r.IntN(60))); err != nil {
			return err
		}
	}
	return nil
}

func inline(tx *bbolt.Tx) error {
	top, err := tx.CreateBucketIfNotExists([]byte("inline"))
	if err != nil {
		return err
	}
	for i := range 40 {
		b, err := top.CreateBucketIfNotExists(fmt.Appendf(nil, "in-%d", i))
		if err != nil {
			return err
		}
		for j := range i % 4 {
			if err := b.Put(fmt.Appendf(nil, "k%d", j), []byte("some value")); err != nil {
				return err
			}
		}
	}
	return nil
}

func nested(tx *bbolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte("nested"))
	for level := 0; err == nil && level < 8; level++ {
		for i := range 100 {
			if err := b.Put(fmt.Appendf(nil, "at-%d-%d", level, i), []byte("value")); err != nil {
				return err
			}
		}
		b, err = b.CreateBucketIfNotExists([]byte("below"))
	}
	return err
}

// deepBuckets puts each bucket into the one before, with a small one beside it.
func deepBuckets(tx *bbolt.Tx) error {
	b, err := tx.CreateBucket([]byte("deep"))
	for level := 0; err == nil && level < 200; level++ {
		if _, err = b.CreateBucket([]byte("beside")); err != nil {
			return err
		}
		b, err = b.CreateBucket([]byte("below"))
	}
	return err
}

func largeValues(tx *bbolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte("large values"))
	if err != nil {
		return err
	}
	for i := range 12 {
		if err := b.Put(fmt.Appendf(nil, "k%03d", i), make([]byte, i*3000)); err != nil {
			return err
		}
		// A bucket behind a large value lies beyond the first page of its leaf.
		if _, err := b.CreateBucketIfNotExists(fmt.Appendf(nil, "k%03d-bucket", i)); err != nil {
			return err
		}
	}
	return nil
}

func largeKeys(tx *bbolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte("large keys"))
	if err != nil {
		return err
	}
	for i := range 12 {
		key := append(fmt.Appendf(nil, "k%03d", i), make([]byte, bbolt.MaxKeySize-4-i*2500)...)
		if err := b.Put(key, []byte("value")); err != nil {
			return err
		}
	}
	return nil
}

func hugeValue(tx *bbolt.Tx) error {
	b, err := tx.CreateBucketIfNotExists([]byte("huge"))
	if err != nil {
		return err
	}
	// Above 65,535 pages, which is where the freelist changes its form.
	return b.Put([]byte("k"), make([]byte, 70_000*1024))
}

// deleteSome deletes the first two thirds of the keys of each bucket, at least one.
func deleteSome(tx *bbolt.Tx) error {
	return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error {
		var keys [][]byte
		err := b.ForEach(func(k, v []byte) error {
			if v != nil {
				keys = append(keys, bytes.Clone(k))
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, k := range keys[:(2*len(keys)+2)/3] {
			if err := b.Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
}
