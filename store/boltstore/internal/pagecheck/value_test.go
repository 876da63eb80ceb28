package pagecheck

import (
	"bytes"
	"testing"

	"go.etcd.io/bbolt"
)

// TestValue looks up all that bbolt finds in files of every shape.
func TestValue(t *testing.T) {
	n := 0
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			image := build(t, s)
			pages, err := Walk(bytes.NewReader(image), int64(len(image)))
			if err != nil {
				t.Fatal(err)
			}
			withBolt(t, image, bbolt.Options{ReadOnly: true}, func(db *bbolt.DB) error {
				return db.View(func(tx *bbolt.Tx) error {
					return compareValues(t, pages, tx.Cursor().Bucket(), &n)
				})
			})
		})
	}
	if n < 10_000 {
		t.Errorf("only %d values were there", n)
	}
}

func compareValues(t *testing.T, pages *Pages, b *bbolt.Bucket, n *int, path ...string) error {
	ask := func(name string) []byte {
		v, err := pages.Value(append(path[:len(path):len(path)], name)...)
		if err != nil {
			t.Errorf("%q: %v", append(path, name), err)
		}
		return v
	}
	for _, name := range []string{"", "\x00", "key-5", "nobody", "\xff"} {
		if b.Get([]byte(name)) == nil && ask(name) != nil {
			t.Errorf("%q holds %q, and it is not there", path, name)
		}
	}
	return b.ForEach(func(k, v []byte) error {
		got := ask(string(k))
		if v == nil {
			if got != nil {
				t.Errorf("bucket %q in %q has a value", k, path)
			}
			return compareValues(t, pages, b.Bucket(k), n, append(path[:len(path):len(path)], string(k))...)
		}
		*n++
		if got == nil || !bytes.Equal(got, v) {
			t.Errorf("%q in %q: %d bytes, want %d", k, path, len(got), len(v))
		}
		return nil
	})
}
