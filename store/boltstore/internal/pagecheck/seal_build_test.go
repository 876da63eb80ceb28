package pagecheck

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"
)

// memory is a file whose writes are noted.
type memory struct {
	b   []byte
	ops []op
	// failAt is the number of the operation that fails, having written half of what it
	// should; -1: none.
	failAt int
}

// op is a write, or a sync if data is nil.
type op struct {
	off  int64
	data []byte
}

var errDisk = errors.New("input/output error")

func (m *memory) WriteAt(b []byte, off int64) (int, error) {
	failing := len(m.ops) == m.failAt
	if failing {
		b = b[:len(b)/2]
	}
	m.ops = append(m.ops, op{off, bytes.Clone(b)})
	m.b = overwrite(m.b, b, off)
	if failing {
		return len(b), errDisk
	}
	return len(b), nil
}

func (m *memory) Sync() error {
	m.ops = append(m.ops, op{})
	if len(m.ops)-1 == m.failAt {
		return errDisk
	}
	return nil
}

// overwrite writes data into b, which becomes longer if it has to.
func overwrite(b, data []byte, off int64) []byte {
	if more := int(off) + len(data) - len(b); more > 0 {
		b = append(b, make([]byte, more)...)
	}
	copy(b[off:], data)
	return b
}

// scannedByBolt lets bbolt find the free pages, and store them.
func scannedByBolt(t rapid.TB, image []byte) []byte {
	t.Helper()
	return withBolt(t, image, bbolt.Options{}, func(*bbolt.DB) error { return nil })
}

// withBolt opens an image with bbolt, does something, and returns what became of it.
func withBolt(t rapid.TB, image []byte, o bbolt.Options, do func(*bbolt.DB) error) []byte {
	t.Helper()
	dir, err := os.MkdirTemp("", "pagecheck")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "file.db")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	o.NoSync = true
	db, err := bbolt.Open(path, 0o600, &o)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(do(db), db.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// contents is everything that can be read from an image, as text; and bbolt's own
// check must have nothing against it.
func contents(t rapid.TB, image []byte) string {
	t.Helper()
	var text strings.Builder
	withBolt(t, image, bbolt.Options{ReadOnly: true}, func(db *bbolt.DB) error {
		return db.View(func(tx *bbolt.Tx) error {
			for err := range tx.Check() {
				t.Errorf("bbolt: %v", err)
			}
			return describe(&text, tx.Cursor().Bucket())
		})
	})
	return text.String()
}

func describe(text *strings.Builder, b *bbolt.Bucket) error {
	fmt.Fprintf(text, "%d{", b.Sequence())
	defer text.WriteByte('}')
	return b.ForEach(func(k, v []byte) error {
		fmt.Fprintf(text, "%q:", k)
		if v == nil {
			return describe(text, b.Bucket(k))
		}
		_, err := fmt.Fprintf(text, "%q ", v)
		return err
	})
}
