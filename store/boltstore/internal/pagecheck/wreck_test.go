package pagecheck

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// wreckage is a Visitor that compares what it is told with what was in the file before it was
// damaged.
type wreckage struct {
	t       *testing.T
	truth   map[string]string // by path and key; nil: everything is good
	known   map[string]bool   // the paths of buckets
	found   map[string]string
	buckets map[string]bool // that were come by
	lost    []lostRange
	damaged []string
	newest  bool // it is the tree of the last commit
}

type lostRange struct {
	path      string
	low, high []byte
}

func pathOf(path [][]byte) string { return string(bytes.Join(path, []byte("/"))) + "/" }

func (g *wreckage) Bucket(path [][]byte, sequence uint64) (Choice, error) {
	if g.truth != nil && !g.known[pathOf(path)] {
		return Refuse, nil
	}
	g.buckets[pathOf(path)] = true
	return Enter, nil
}

func (g *wreckage) Item(path [][]byte, it *Item) (bool, error) {
	v, err := it.Value()
	if err != nil {
		return false, nil
	}
	at := pathOf(path) + string(it.Key)
	if g.truth != nil {
		if was, ok := g.truth[at]; !ok || was != string(v) {
			return false, nil
		}
	}
	if _, twice := g.found[at]; twice {
		g.t.Errorf("%q was found twice", at)
	}
	g.found[at] = string(v)
	return true, nil
}

func (g *wreckage) Lost(path [][]byte, low, high []byte) error {
	g.lost = append(g.lost, lostRange{pathOf(path), slices.Clone(low), slices.Clone(high)})
	return nil
}

func (g *wreckage) Damaged(page uint64, what string) { g.damaged = append(g.damaged, what) }

// covers tells whether a key of a bucket, or a bucket that leads to it, was said to be lost; or
// was not come by: a bit in the name of a bucket makes it another one.
func (g *wreckage) covers(path [][]byte, key []byte) bool {
	names := append(slices.Clone(path), key)
	for i := range path {
		if !g.buckets[pathOf(path[:i+1])] {
			return true
		}
	}
	for _, l := range g.lost {
		for i := range names {
			if l.path == pathOf(names[:i]) && bytes.Compare(names[i], l.low) >= 0 && (l.high == nil || bytes.Compare(names[i], l.high) < 0) {
				return true
			}
		}
	}
	return false
}

// original is what a sound file holds: by path and key, the value; and where all of it is.
type original struct {
	image   []byte
	size    int64 // of a page
	root    uint64
	values  map[string]string
	buckets map[string]bool
	places  []place
}

type place struct {
	path     [][]byte
	key      []byte
	at, size int64
}

// Item lets an original be the Visitor of a sound file.
func (o *original) Item(path [][]byte, it *Item) (bool, error) {
	v, err := it.Value()
	p := place{key: slices.Clone(it.Key), at: it.At - int64(len(it.Key)), size: it.Size + int64(len(it.Key))}
	for _, name := range path {
		p.path = append(p.path, slices.Clone(name))
	}
	o.places = append(o.places, p)
	o.values[pathOf(path)+string(it.Key)] = string(v)
	return true, err
}
func (o *original) Bucket(path [][]byte, sequence uint64) (Choice, error) {
	o.buckets[pathOf(path)] = true
	return Enter, nil
}
func (o *original) Lost(path [][]byte, low, high []byte) error {
	return fmt.Errorf("lost: %q %q to %q", path, low, high)
}
func (o *original) Damaged(page uint64, what string) { panic(what) }

func newOriginal(t *testing.T, image []byte) *original {
	t.Helper()
	o := &original{image: image, values: map[string]string{}, buckets: map[string]bool{}}
	w, err := OpenWreck(bytes.NewReader(image), int64(len(image)))
	if err != nil {
		t.Fatal(err)
	}
	o.size, o.root = int64(w.PageSize()), w.Roots()[0].Page
	if _, err := w.Walk(w.Roots()[0], o); err != nil {
		t.Fatal(err)
	}
	return o
}

// A sound file is read as bbolt reads it.
func TestWreckOfASoundFile(t *testing.T) {
	for _, s := range shapes() {
		image := build(t, s)
		o := newOriginal(t, image)
		want := 0
		var read func(path [][]byte, b *bbolt.Bucket) error
		read = func(path [][]byte, b *bbolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				if v == nil {
					return read(append(slices.Clip(path), k), b.Bucket(k))
				}
				want++
				if got, ok := o.values[pathOf(path)+string(k)]; !ok || got != string(v) {
					t.Errorf("%s: %q %q is %q, %v", s.name, path, k, got, ok)
				}
				return nil
			})
		}
		path := filepath.Join(t.TempDir(), "sound.db")
		if err := os.WriteFile(path, image, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		err = db.View(func(tx *bbolt.Tx) error { return read(nil, tx.Cursor().Bucket()) })
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if len(o.values) != want {
			t.Errorf("%s: %d items, want %d", s.name, len(o.values), want)
		}
	}
}

// search walks a damaged file, and gathers what the orphans have besides.
func search(t *testing.T, o *original, b []byte) (g *wreckage, all map[string]bool) {
	t.Helper()
	g = &wreckage{t: t, truth: o.values, known: o.buckets, found: map[string]string{}, buckets: map[string]bool{}}
	all = map[string]bool{}
	w, err := OpenWreck(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return g, all
	}
	roots := append(w.Roots(), w.Loose("many", 3)...)
	if len(roots) == 0 {
		roots = []Root{{freelist: noFreelist}}
	}
	g.newest = roots[0].Page == o.root
	reached, err := w.Walk(roots[0], g)
	if err != nil {
		t.Fatal(err)
	}
	err = w.Orphans(&roots[0], reached, func(free bool, it *Item) error {
		if v, err := it.Value(); err == nil && !free {
			all[string(it.Key)+"="+string(v)] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return g, all
}

// Whatever happens to one page, the items in all others are found, in the tree or as orphans;
// and what is not found in the tree was said to be lost.
func TestWreckLosesOnePage(t *testing.T) {
	for _, name := range []string{"all of it", "no freelist", "deep tree of small pages", "nested buckets"} {
		t.Run(name, func(t *testing.T) {
			o := newOriginal(t, build(t, shapeNamed(t, name)))
			r := rand.New(rand.NewPCG(5, 6))
			pages := int64(len(o.image)) / o.size
			for page := int64(firstPage); page < pages; page += 1 + 2*(pages/200) { // odd, for all ways to come up
				b := slices.Clone(o.image)
				p := b[page*o.size:][:o.size]
				how := []string{"zeroed", "noise", "a bit", "its neighbour"}[page%4]
				switch how {
				case "zeroed":
					clear(p)
				case "noise":
					for i := range p {
						p[i] = byte(r.Uint32())
					}
				case "a bit":
					p[r.IntN(100)] ^= 1 << r.IntN(8)
				default:
					copy(p, o.image[(page+1)*o.size%int64(len(o.image)):])
				}
				g, orphans := search(t, o, b)
				for _, p := range o.places {
					at := pathOf(p.path) + string(p.key)
					if _, ok := g.found[at]; ok {
						continue
					}
					if !g.covers(p.path, p.key) {
						t.Errorf("page %d %s: %q was not found, nor said to be lost", page, how, at)
					}
					untouched := p.at >= (page+1)*o.size || p.at+p.size <= page*o.size
					if head := o.pageOf(p.at); untouched && head != page && !orphans[string(p.key)+"="+o.values[at]] {
						t.Errorf("page %d %s: %q is in page %d and was not found", page, how, at, head)
					}
				}
				if t.Failed() {
					t.FailNow()
				}
			}
		})
	}
}

// pageOf returns the first page of the leaf that a place is in.
func (o *original) pageOf(at int64) int64 {
	for id := at / o.size; ; id-- {
		p := page{head: o.image[id*o.size:]}
		own, overflow := p.header()
		if own == uint64(id) && p.flags == leafFlag && id+int64(overflow) >= at/o.size {
			return id
		}
	}
}

// Whatever a file is, its reading ends, and what is not found in the tree is said to be lost.
func TestWreckAtRandom(t *testing.T) {
	for i, name := range []string{"all of it", "no freelist", "inline buckets", "deep tree of small pages"} {
		t.Run(name, func(t *testing.T) {
			s := shapeNamed(t, name)
			o := newOriginal(t, build(t, s))
			for round := range uint64(60) {
				r := rand.New(rand.NewPCG(uint64(i), round))
				b := slices.Clone(o.image)
				for range 1 + r.IntN(4) {
					mutate(r, b, s.options.PageSize)
				}
				if r.IntN(5) == 0 {
					b = b[:r.IntN(len(b))]
				}
				g, _ := search(t, o, b)
				if !g.newest || len(g.lost) == 0 && len(g.damaged) == 0 {
					// It was not opened at all, the newest meta page is lost, or the first page of a
					// bucket became another whole page of that bucket: that cannot be told.
					continue
				}
				for _, p := range o.places {
					at := pathOf(p.path) + string(p.key)
					if _, ok := g.found[at]; !ok && !g.covers(p.path, p.key) {
						t.Fatalf("round %d: %q was not found, nor said to be lost", round, at)
					}
				}
			}
		})
	}
}

// Without meta pages the length of a page is guessed, and the root is found by itself.
func TestWreckWithoutMeta(t *testing.T) {
	for _, name := range []string{"all of it", "pages of 16 KiB", "deep tree of small pages"} {
		s := shapeNamed(t, name)
		o := newOriginal(t, build(t, s))
		b := slices.Clone(o.image)
		clear(b[:2*s.options.PageSize])
		w, err := OpenWreck(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		if w.PageSize() != s.options.PageSize || len(w.Roots()) != 0 {
			t.Errorf("%s: pages of %d bytes, %d roots", name, w.PageSize(), len(w.Roots()))
		}
		most := 0
		for _, root := range w.Loose("many", 10) {
			g := &wreckage{t: t, truth: o.values, known: o.buckets, found: map[string]string{}, buckets: map[string]bool{}}
			if _, err := w.Walk(root, g); err != nil {
				t.Fatal(err)
			}
			most = max(most, len(g.found))
		}
		if most != len(o.values) {
			t.Errorf("%s: %d items of %d", name, most, len(o.values))
		}
	}
	_, err := OpenWreck(strings.NewReader(strings.Repeat("text", 5000)), 20000)
	if err != ErrNotBolt {
		t.Errorf("a text: %v", err)
	}
}
