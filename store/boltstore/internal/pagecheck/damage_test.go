package pagecheck

import (
	"bytes"
	"errors"
	"hash/fnv"
	"io"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// image is the bytes of a file, to be damaged by hand.
type image struct {
	t    *testing.T
	b    []byte
	size int // of a page
}

// newImage returns a file with a tree of several levels in the bucket "many",
// inline buckets in "inline", and a freelist.
func newImage(t *testing.T) *image {
	s := shape{"damaged", bbolt.Options{PageSize: 4096}, []func(*bbolt.Tx) error{inline, manyKeys, nested, addFew}}
	return &image{t, build(t, s), 4096}
}

// addFew leaves a few free pages behind, and few changes.
func addFew(tx *bbolt.Tx) error {
	return tx.Bucket([]byte("many")).Put([]byte("key-1"), nil)
}

func (im *image) page(id uint64) []byte { return im.b[int(id)*im.size:][:im.size] }

// meta returns the newest meta page without its header.
func (im *image) meta() []byte {
	a, b := im.page(0)[headerSize:], im.page(1)[headerSize:]
	if native.Uint64(b[48:]) > native.Uint64(a[48:]) {
		return b
	}
	return a
}

// sign makes the checksum of the newest meta page right again.
func (im *image) sign() {
	m := im.meta()
	sum := fnv.New64a()
	sum.Write(m[:metaChecksum])
	native.PutUint64(m[metaChecksum:], sum.Sum64())
}

func (im *image) root() uint64     { return native.Uint64(im.meta()[16:]) }
func (im *image) freelist() uint64 { return native.Uint64(im.meta()[32:]) }

// bucket returns the root page of a bucket in the root bucket, which is one leaf.
func (im *image) bucket(name string) uint64 {
	p := page{head: im.page(im.root())}
	p.header()
	for i := range p.count {
		e := p.element(i)
		if key := p.head[e.key:][:e.ksize]; string(key) == name {
			return native.Uint64(p.head[e.key+e.ksize:])
		}
	}
	im.t.Fatalf("no bucket %q", name)
	return 0
}

// element returns the bytes of element i of a page.
func (im *image) element(id uint64, i int) []byte {
	return im.page(id)[headerSize+i*elementSize:][:elementSize]
}

// child returns where the child i of a branch stands.
func (im *image) child(id uint64, i int) []byte { return im.element(id, i)[8:] }

// leaf returns the first leaf of the tree with the given root.
func (im *image) leaf(id uint64) uint64 {
	for native.Uint16(im.page(id)[8:]) == branchFlag {
		id = native.Uint64(im.child(id, 0))
	}
	return id
}

// value returns the value of element i of a leaf.
func (im *image) value(id uint64, i int) []byte {
	p := page{head: im.page(id)}
	p.header()
	e := p.element(i)
	return p.head[e.key+e.ksize:][:e.vsize]
}

// branchOver puts a branch between the branch at id and its first n children. The
// keys are all as they should be; the tree is only deeper there than beside it.
func (im *image) branchOver(id uint64, n int) {
	old := page{head: bytes.Clone(im.page(id))}
	old.header()
	var all []element
	for i := range old.count {
		all = append(all, old.element(i))
	}
	free := native.Uint64(im.page(im.freelist())[headerSize:])
	im.writeBranch(free, old.head, all[:n])
	all[n-1] = all[0]
	all[n-1].child = free
	im.writeBranch(id, old.head, all[n-1:])
}

// writeBranch writes a branch to page id, with elements whose keys are in keys.
func (im *image) writeBranch(id uint64, keys []byte, elements []element) {
	b := native.AppendUint64(im.page(id)[:0], id)
	b = native.AppendUint16(b, branchFlag)
	b = native.AppendUint16(b, uint16(len(elements)))
	b = native.AppendUint32(b, 0)
	key := headerSize + len(elements)*elementSize
	for _, e := range elements {
		b = native.AppendUint32(b, uint32(key-len(b)))
		b = native.AppendUint32(b, uint32(e.ksize))
		b = native.AppendUint64(b, e.child)
		key += int(e.ksize)
	}
	for _, e := range elements {
		b = append(b, keys[e.key:][:e.ksize]...)
	}
}

func TestDamage(t *testing.T) {
	many := func(im *image) uint64 { return im.bucket("many") }
	leaf := func(im *image) uint64 { return im.leaf(im.bucket("many")) }
	inlines := func(im *image) uint64 { return im.leaf(im.bucket("inline")) }
	tests := []struct {
		name string
		do   func(im *image)
		want string // in the message; "" for no error
	}{
		{"nothing", func(im *image) {}, ""},
		{"one meta page zeroed", func(im *image) { clear(im.page(0)) }, ""},
		{"the other meta page zeroed", func(im *image) { clear(im.page(1)) }, ""},
		{"the newest meta page torn", func(im *image) { im.meta()[50]++ }, ""},
		{"a value changed", func(im *image) { p := im.page(leaf(im)); p[len(p)/2+1] = 'v' }, ""},

		{"no bytes", func(im *image) { im.b = nil }, "the file is empty"},
		{"100 bytes", func(im *image) { im.b = im.b[:100] }, "cut short"},
		{"one page", func(im *image) { im.b = im.b[:4096] }, "cut short"},
		{"the last page missing", func(im *image) {
			im.b = im.b[:native.Uint64(im.meta()[40:])*4096-1]
		}, "cut short"},
		{"both meta pages torn", func(im *image) { im.page(0)[30]++; im.page(1)[30]++ }, "neither meta page"},
		{"another version", func(im *image) {
			clear(im.page(1))
			im.page(0)[headerSize+4] = 3
			im.sign()
		}, "neither meta page"},
		{"root bucket beyond the end", func(im *image) { native.PutUint64(im.meta()[16:], 1<<40); im.sign() }, "root bucket"},
		{"root bucket in a meta page", func(im *image) { native.PutUint64(im.meta()[16:], 1); im.sign() }, "root bucket"},
		{"freelist beyond the end", func(im *image) { native.PutUint64(im.meta()[32:], 1<<63); im.sign() }, "the freelist is at"},
		{"high-water mark beyond all", func(im *image) { native.PutUint64(im.meta()[40:], 1<<63); im.sign() }, "cut short"},
		{"page size 0", func(im *image) {
			clear(im.page(1))
			native.PutUint32(im.page(0)[headerSize+8:], 0)
			im.sign()
		}, "page size of 0"},
		{"page sizes disagree", func(im *image) {
			for id := range uint64(2) {
				if m := im.page(id)[headerSize:]; &m[0] == &im.meta()[0] {
					native.PutUint32(m[8:], 8192)
				}
			}
			im.sign()
		}, "page size"},

		{"a page zeroed", func(im *image) { clear(im.page(leaf(im))) }, "says that it is page 0"},
		{"a page in the wrong place", func(im *image) { im.page(leaf(im))[0]++ }, "says that it is page"},
		{"a leaf that is a freelist", func(im *image) { im.page(leaf(im))[8] = freelistFlag }, "neither a branch nor a leaf"},
		{"a branch that is a leaf", func(im *image) { im.page(many(im))[8] = leafFlag }, "element 0"},
		{"two flags", func(im *image) { im.page(leaf(im))[8] = branchFlag | leafFlag }, "neither a branch nor a leaf"},
		{"an empty branch", func(im *image) { native.PutUint16(im.page(many(im))[10:], 0) }, "0 children"},
		{"a branch with one child", func(im *image) { im.branchOver(many(im), 1) }, "1 children"},
		{"a branch beside leaves", func(im *image) { im.branchOver(many(im), 2) }, "the pages beside it are not"},
		{"an empty leaf below a branch", func(im *image) { native.PutUint16(im.page(leaf(im))[10:], 0) }, "it is empty"},
		{"one element fewer", func(im *image) { im.page(leaf(im))[10]-- }, "element 0 begins"},
		{"65,535 elements", func(im *image) { native.PutUint16(im.page(leaf(im))[10:], 0xFFFF) }, "do not fit"},
		{"overflow beyond the end", func(im *image) { native.PutUint32(im.page(leaf(im))[12:], 1<<32-1) }, "overflow"},
		{"overflow into others", func(im *image) { im.page(many(im))[12]++ }, "room for 8192 bytes"},
		{"a cycle", func(im *image) { native.PutUint64(im.child(many(im), 0), many(im)) }, "used twice"},
		{"two ways to a page", func(im *image) {
			copy(im.child(many(im), 0)[:8], im.child(many(im), 1)[:8])
		}, "first key is not"},
		{"a child in the meta pages", func(im *image) { native.PutUint64(im.child(many(im), 0), 1) }, "referred to"},
		{"a child beyond the end", func(im *image) { native.PutUint64(im.child(many(im), 0), 1<<63) }, "referred to"},
		{"two children changed over", func(im *image) {
			a, b := im.child(many(im), 0)[:8], im.child(many(im), 1)[:8]
			x, y := native.Uint64(a), native.Uint64(b)
			native.PutUint64(a, y)
			native.PutUint64(b, x)
		}, "first key is not"},

		{"a key of no bytes", func(im *image) { native.PutUint32(im.element(leaf(im), 0)[8:], 0) }, "key of 0 bytes"},
		{"a key of 4 GB", func(im *image) { native.PutUint32(im.element(leaf(im), 0)[8:], 1<<32-1) }, "a key of"},
		{"a value of 4 GB", func(im *image) { native.PutUint32(im.element(leaf(im), 0)[12:], 1<<32-1) }, "element 0 ends"},
		{"an element elsewhere", func(im *image) { native.PutUint32(im.element(leaf(im), 1)[4:], 1<<32-1) }, "element 1 begins"},
		{"unknown flags of an element", func(im *image) { native.PutUint32(im.element(leaf(im), 0), 2) }, "flags 0x2"},
		{"unsorted keys", func(im *image) {
			p := page{head: im.page(leaf(im))}
			p.header()
			p.head[p.element(1).key] = 'a'
		}, "not in order"},
		{"a first key below the branch's", func(im *image) {
			p := page{head: im.page(leaf(im))}
			p.header()
			p.head[p.element(0).key] = 'a'
		}, "first key is not"},
		{"a last key above the next page's", func(im *image) {
			p := page{head: im.page(leaf(im))}
			p.header()
			p.head[p.element(p.count-1).key] = 'z'
		}, "last key is not"},

		{"a value that is a bucket", func(im *image) { native.PutUint32(im.element(leaf(im), 1), bucketFlag) }, "referred to"},
		{"a short value that is a bucket", func(im *image) {
			id := im.leaf(im.bucket("nested"))
			native.PutUint32(im.element(id, 0), bucketFlag)
		}, "is a bucket of 5 bytes"},
		{"an inline bucket with a number", func(im *image) { im.value(inlines(im), 0)[bucketSize] = 7 }, "inline bucket: its header"},
		{"an inline branch", func(im *image) { im.value(inlines(im), 0)[bucketSize+8] = branchFlag }, "inline bucket: its header"},
		{"an inline bucket with too many elements", func(im *image) { im.value(inlines(im), 0)[bucketSize+10] = 200 }, "inline bucket: 200 elements"},
		{"an inline bucket with too few elements", func(im *image) {
			im.value(inlines(im), 1)[bucketSize+10]--
		}, "inline bucket: "},
		{"a bucket in an inline bucket", func(im *image) {
			v := im.value(inlines(im), 1)
			v[bucketSize+headerSize] = bucketFlag
		}, "inline bucket: element 0 is a bucket"},
		{"a bucket beyond the end", func(im *image) { native.PutUint64(im.value(inlines(im), 0), 1<<50) }, "referred to"},
		{"two buckets in one place", func(im *image) {
			copy(im.value(im.root(), 0)[:8], im.value(im.root(), 1)[:8])
		}, "used twice"},

		{"a free page in use", func(im *image) {
			f := im.page(im.freelist())
			native.PutUint16(f[10:], 1)
			native.PutUint64(f[headerSize:], leaf(im))
		}, "in the freelist too"},
		{"the freelist free", func(im *image) {
			f := im.page(im.freelist())
			native.PutUint16(f[10:], 1)
			native.PutUint64(f[headerSize:], im.freelist())
		}, "in the freelist too"},
		{"a free meta page", func(im *image) { native.PutUint64(im.page(im.freelist())[headerSize:], 1) }, "free page 1 follows"},
		{"a free page beyond the end", func(im *image) {
			f := im.page(im.freelist())
			native.PutUint16(f[10:], 1)
			native.PutUint64(f[headerSize:], 1<<40)
		}, "the file ends at"},
		{"a free page twice", func(im *image) {
			f := im.page(im.freelist())[headerSize:]
			copy(f[8:16], f[:8])
		}, "follows page"},
		{"too many free pages", func(im *image) { native.PutUint16(im.page(im.freelist())[10:], 60000) }, "do not fit"},
		{"far too many free pages", func(im *image) {
			f := im.page(im.freelist())
			native.PutUint16(f[10:], largeCount)
			native.PutUint64(f[headerSize:], 1<<61)
		}, "do not fit"},
		{"a freelist that is a leaf", func(im *image) { im.page(im.freelist())[8] = leafFlag }, "not the freelist"},
		{"a freelist elsewhere", func(im *image) { im.page(im.freelist())[0]++ }, "says that it is page"},
	}
	sound := newImage(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			im := &image{t, bytes.Clone(sound.b), sound.size}
			tt.do(im)
			_, err := Check(bytes.NewReader(im.b), int64(len(im.b)))
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want == "":
				if err := exercise(t, im.b, false); err != nil {
					t.Error(err)
				}
			case !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), tt.want):
				t.Errorf("got %v, want ErrDamaged with %q", err, tt.want)
			}
		})
	}
}

func TestForeign(t *testing.T) {
	for name, b := range map[string][]byte{
		"short text":     []byte("hello"),
		"long text":      bytes.Repeat([]byte("hello, world\n"), 10000),
		"one zero":       {0},
		"a page of zero": make([]byte, 4096),
		"zeros":          make([]byte, 1<<20),
	} {
		if _, err := ReadMeta(bytes.NewReader(b), int64(len(b))); !errors.Is(err, ErrNotBolt) {
			t.Errorf("%s: ReadMeta: %v", name, err)
		}
		if _, err := Check(bytes.NewReader(b), int64(len(b))); !errors.Is(err, ErrNotBolt) {
			t.Errorf("%s: Check: %v", name, err)
		}
	}
}

// failing is a file whose reads fail from some place on.
type failing struct {
	io.ReaderAt
	from int64
	err  error
}

func (f failing) ReadAt(b []byte, off int64) (int, error) {
	if off+int64(len(b)) > f.from {
		return 0, f.err
	}
	return f.ReaderAt.ReadAt(b, off)
}

// TestReadError: a disk that cannot be read is not a damaged file.
func TestReadError(t *testing.T) {
	im := newImage(t)
	broken := errors.New("broken disk")
	for _, from := range []int64{0, 4096, 8192, 100_000} {
		_, err := Check(failing{bytes.NewReader(im.b), from, broken}, int64(len(im.b)))
		if !errors.Is(err, broken) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotBolt) {
			t.Errorf("reads fail from %d: got %v", from, err)
		}
	}
	_, err := Check(bytes.NewReader(im.b[:20_000]), int64(len(im.b)))
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("a file that became shorter: got %v", err)
	}
}
