package pagecheck

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"
)

func TestValidShapes(t *testing.T) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			image := build(t, s)
			rep, err := Check(bytes.NewReader(image), int64(len(image)))
			if err != nil {
				t.Fatal(err)
			}
			if rep.PageSize != s.options.PageSize {
				t.Errorf("page size %d, want %d", rep.PageSize, s.options.PageSize)
			}
			if want := uint64(len(s.fill) + 1); rep.TxID != want {
				t.Errorf("transaction %d, want %d", rep.TxID, want)
			}
			if rep.Clean == s.options.NoFreelistSync {
				t.Errorf("Clean is %t", rep.Clean)
			}
			if free := freePages(t, image); rep.Reachable+free != rep.Pages {
				t.Errorf("%d pages are reachable and %d free, of %d", rep.Reachable, free, rep.Pages)
			}

			head, err := ReadMeta(bytes.NewReader(image), int64(len(image)))
			if err != nil {
				t.Fatal(err)
			}
			rep.Reachable = 0
			if head != rep {
				t.Errorf("ReadMeta says %+v, Check %+v", head, rep)
			}
			if err := exercise(t, image, s.options.NoFreelistSync); err != nil {
				t.Error(err)
			}
		})
	}
}

// freePages asks bbolt how many pages are free.
func freePages(t *testing.T, image []byte) int {
	t.Helper()
	path := filepath.Join(t.TempDir(), "free.db")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	return db.Stats().FreePageN
}

// TestHistories holds the strict rules against what bbolt writes: no history of
// changes, large or small, may lead to a file that is refused.
func TestHistories(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		path := filepath.Join(dir, fmt.Sprintf("%d.db", n))
		defer os.Remove(path)
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{
			PageSize:       rapid.SampledFrom([]int{1024, 4096}).Draw(rt, "page size"),
			NoSync:         true,
			NoFreelistSync: rapid.Bool().Draw(rt, "no freelist"),
		})
		if err != nil {
			rt.Fatal(err)
		}
		defer db.Close()
		for range rapid.IntRange(1, 12).Draw(rt, "transactions") {
			err := db.Update(func(tx *bbolt.Tx) error {
				for range rapid.IntRange(1, 4).Draw(rt, "steps") {
					if err := step(rt, tx); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				rt.Fatal(err)
			}
			checkFile(rt, path)
		}
	})
}

// step changes one bucket, at most two levels down, by a run of puts or deletes.
func step(rt *rapid.T, tx *bbolt.Tx) error {
	names := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 3).Draw(rt, "bucket")
	b, err := tx.CreateBucketIfNotExists([]byte(names[0]))
	for _, name := range names[1:] {
		if err == nil {
			b, err = b.CreateBucketIfNotExists([]byte("bucket-" + name))
		}
	}
	if err != nil {
		return err
	}
	if b.FillPercent = 0.5; rapid.Bool().Draw(rt, "fill") {
		b.FillPercent = 0.9
	}
	if rapid.IntRange(0, 9).Draw(rt, "drop") == 0 {
		return tx.DeleteBucket([]byte(names[0]))
	}
	first := rapid.IntRange(0, 2000).Draw(rt, "first")
	count := rapid.IntRange(1, 1000).Draw(rt, "count")
	stride := rapid.SampledFrom([]int{1, 1, 2, 7}).Draw(rt, "stride")
	if rapid.Bool().Draw(rt, "delete") {
		return deleteRun(b, first, count, stride)
	}
	width := rapid.SampledFrom([]int{4, 30, 300, 2000}).Draw(rt, "key width")
	size := rapid.SampledFrom([]int{0, 10, 200, 5000}).Draw(rt, "value size")
	count = min(count, 1+400_000/(width+size)) // no more than 400 KB at a time
	for i := range count {
		if err := b.Put(fmt.Appendf(nil, "%0*d", width, first+i*stride), make([]byte, size)); err != nil {
			return err
		}
	}
	return nil
}

// deleteRun deletes up to count keys of b, from the one at place first (around the
// end, if there are fewer), each stride-th one.
func deleteRun(b *bbolt.Bucket, first, count, stride int) error {
	var keys [][]byte
	err := b.ForEach(func(k, v []byte) error {
		if v != nil {
			keys = append(keys, bytes.Clone(k))
		}
		return nil
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	for i := first % len(keys); i < len(keys) && count > 0; i += stride {
		if err := b.Delete(keys[i]); err != nil {
			return err
		}
		count--
	}
	return nil
}

func checkFile(rt *rapid.T, path string) {
	f, err := os.Open(path)
	if err != nil {
		rt.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		rt.Fatal(err)
	}
	if _, err := Check(f, info.Size()); err != nil {
		rt.Fatal(err)
	}
}
