package pagecheck

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// BenchmarkCheck reads a file of about 200 MB, half of it in small records and half
// in records that overflow their page.
func BenchmarkCheck(b *testing.B) {
	path := filepath.Join(b.TempDir(), "bench.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true, InitialMmapSize: 1 << 29})
	if err != nil {
		b.Fatal(err)
	}
	put := func(name string, count, size int) {
		value := make([]byte, size)
		for first := 0; first < count; first += 50_000 {
			err := db.Update(func(tx *bbolt.Tx) error {
				bucket, err := tx.CreateBucketIfNotExists([]byte(name))
				if err != nil {
					return err
				}
				bucket.FillPercent = 0.9
				for i := first; i < min(first+50_000, count); i++ {
					key := binary.BigEndian.AppendUint64([]byte("01JD8Q3Z"), uint64(i))
					if err := bucket.Put(key, value); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	put("small", 600_000, 120)
	put("large", 2_000, 50_000)
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Check(f, info.Size()); err != nil {
			b.Fatal(err)
		}
	}
}
