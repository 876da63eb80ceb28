package pagecheck

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// BenchmarkCheck reads files of about 200 MB: one of small records, which is all
// keys and elements, and one of records that overflow their page, whose values are
// skipped. The rate is that of the whole file.
func BenchmarkCheck(b *testing.B) {
	b.Run("small", func(b *testing.B) { benchmarkCheck(b, 1_100_000, 120) })
	b.Run("large", func(b *testing.B) { benchmarkCheck(b, 4_000, 50_000) })
}

func benchmarkCheck(b *testing.B, count, size int) {
	path := filepath.Join(b.TempDir(), "bench.db")
	fillBench(b, path, count, size)
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

// fillBench writes a file with count records of size bytes, in the order of their
// keys.
func fillBench(b *testing.B, path string, count, size int) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true, InitialMmapSize: 1 << 29})
	if err != nil {
		b.Fatal(err)
	}
	const perTx = 20_000
	value := make([]byte, size)
	for first := 0; first < count; first += perTx {
		err := db.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("records"))
			if err != nil {
				return err
			}
			bucket.FillPercent = 0.9
			for i := first; i < min(first+perTx, count); i++ {
				if err := bucket.Put(binary.BigEndian.AppendUint64([]byte("01JD8Q3Z"), uint64(i)), value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}
