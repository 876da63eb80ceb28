package pagecheck

import (
	"bytes"
	"errors"
	"io"
	"sync/atomic"
	"testing"

	"go.etcd.io/bbolt"
)

// TestEveryPageIsRead zeroes each page in turn: no part of a deep tree is lost between
// the walkers that share it.
func TestEveryPageIsRead(t *testing.T) {
	s := dirty(shape{"", bbolt.Options{PageSize: 1024}, []func(*bbolt.Tx) error{manyKeys, nested}})
	image := build(t, s)
	pages, err := Walk(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	for id := range uint64(pages.Pages) {
		page := image[id*1024 : (id+1)*1024]
		was := bytes.Clone(page)
		clear(page)
		_, err := Check(bytes.NewReader(image), int64(len(image)))
		if used := id >= firstPage && pages.used.has(id); used != errors.Is(err, ErrDamaged) {
			t.Errorf("page %d, in use: %t, is zeroed: %v", id, used, err)
		}
		copy(page, was)
	}
}

// panicking is a file whose reads panic after a while.
type panicking struct {
	io.ReaderAt
	left atomic.Int32
}

func (p *panicking) ReadAt(b []byte, off int64) (int, error) {
	if p.left.Add(-1) < 0 {
		panic("no more reads")
	}
	return p.ReaderAt.ReadAt(b, off)
}

// TestPanic: whoever calls Check can recover a panic of the file.
func TestPanic(t *testing.T) {
	image := build(t, shapeNamed(t, "deep tree of small pages"))
	for _, left := range []int32{0, 2, 20, 40} {
		p := &panicking{ReaderAt: bytes.NewReader(image)}
		p.left.Store(left)
		func() {
			defer func() {
				if v := recover(); v != "no more reads" {
					t.Errorf("after %d reads: recovered %v", left, v)
				}
			}()
			_, err := Check(p, int64(len(image)))
			t.Errorf("after %d reads: no panic, but %v", left, err)
		}()
	}
}
