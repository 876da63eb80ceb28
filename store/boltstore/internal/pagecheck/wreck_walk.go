package pagecheck

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Visitor is told what [Wreck.Walk] comes by. A path is the names of the buckets that lead to
// a place; it and the keys are good only during the call. An error ends the walk.
type Visitor interface {
	// Bucket is called before what is in a bucket.
	Bucket(path [][]byte, sequence uint64) (Choice, error)
	// Item is called for each key with a value, the keys of a bucket in ascending order. It
	// tells whether the value is good; around one that is not, another may have been lost.
	Item(path [][]byte, it *Item) (good bool, err error)
	// Lost says that keys from low to before high may be missing, or be buckets that are. nil
	// stands for no bound.
	Lost(path [][]byte, low, high []byte) error
	// Damaged says what is wrong with a page.
	Damaged(page uint64, what string)
}

// Choice is what a [Visitor] wants to be done with a bucket.
type Choice uint8

// The choices.
const (
	Enter  Choice = iota // go through it
	Skip                 // leave it out
	Refuse               // there can be no bucket of that name: it is bad, as an item can be
)

// Item is a key and its value.
type Item struct {
	Key []byte
	// Sound tells that the page it is in holds together.
	Sound bool
	// At and Size say where in the file the value is, see [Wreck.Read].
	At, Size int64

	page *page
	from int64 // where in the page the value begins
	buf  *[]byte
}

// Value reads the value. It is good until the next call.
func (it *Item) Value() ([]byte, error) { return it.page.bytes(it.from, it.Size, it.buf) }

// Reached is the pages that a walk has made use of, and all of whose items were good.
type Reached struct{ pages bitmap }

// Walk goes through the tree of a root, as far as it can be followed. A page is believed to
// be the one that its branch means if it says its own number and begins with the key that
// leads to it; each page is visited once. So what a walk comes by belongs to the tree, but for
// the rare case that a pointer to the first page of a bucket is damaged. The zero Root leads
// nowhere.
func (w *Wreck) Walk(root Root, v Visitor) (*Reached, error) {
	r := rover{w: w, v: v, used: newBitmap(w.file.pages), reached: newBitmap(w.file.pages)}
	if root.Page == 0 {
		return &Reached{r.reached}, v.Lost(nil, nil, nil)
	}
	return &Reached{r.reached}, r.tree(root.Page, nil, nil, nil)
}

// rover is one walk.
type rover struct {
	w             *Wreck
	v             Visitor
	used, reached bitmap
	path          [][]byte
	frames        []*page // by depth
	depth         int
	scratch       scratch
	value         []byte // for Item.Value
}

// tree goes through a page and all below it, whose keys are from low to before high. If the
// page cannot be had, keys behind before may be lost too: that low leads to it need not be true.
func (r *rover) tree(id uint64, before, low, high []byte) error {
	p, sound, err := r.take(id, low, high)
	if err != nil {
		what := strings.TrimPrefix(err.Error(), fmt.Sprintf("%v: page %d: ", ErrDamaged, id))
		r.v.Damaged(id, what)
	}
	if p == nil {
		return r.v.Lost(r.path, before, high)
	}
	r.depth++
	defer func() { r.depth-- }()
	if !sound {
		if err := r.v.Lost(r.path, low, high); err != nil {
			return err
		}
	}
	if p.flags == branchFlag {
		return r.branch(p, sound, low, high)
	}
	return r.leaf(p, sound, p.file.offset(id), low, high)
}

// take reads a page if it is the one that is meant, and marks it.
func (r *rover) take(id uint64, low, high []byte) (p *page, sound bool, err error) {
	switch {
	case !r.w.file.has(id):
		return nil, false, damaged(id, "it is referred to, and the file has pages %d to %d", firstPage, r.w.file.pages-1)
	case r.used.has(id):
		return nil, false, damaged(id, "it is used twice")
	case r.depth == maxPath:
		return nil, false, damaged(id, "it is %d pages below the root", maxPath)
	case r.depth == len(r.frames):
		r.frames = append(r.frames, &page{})
	}
	p = r.frames[r.depth]
	sound, ours, err := r.look(p, id, low, high)
	if !ours {
		return nil, false, err
	}
	r.mark(r.used, p, sound)
	r.mark(r.reached, p, sound)
	return p, sound, err
}

// mark puts a page into a set, with its overflow if that can be believed.
func (r *rover) mark(set bitmap, p *page, sound bool) {
	set.add(p.id)
	if !sound {
		return
	}
	for n := p.id + 1; n < p.id+uint64(p.length/p.file.pageSize); n++ {
		set.add(n)
	}
}

// branch goes on to the children of a page.
func (r *rover) branch(p *page, sound bool, low, high []byte) error {
	var child uint64
	var from []byte
	before := low
	for i := range p.count {
		e := p.element(i)
		key, ok := r.looseKey(p, e)
		if !ok || !sound && (!r.w.file.has(e.child) || !between(key, from, low, high)) {
			continue
		}
		next := slices.Clone(key)
		if from != nil {
			if err := r.tree(child, before, from, next); err != nil {
				return err
			}
			before = from
		}
		child, from = e.child, next
	}
	if from == nil {
		return nil
	}
	return r.tree(child, before, from, high)
}

// between tells whether a key may follow another one inside of bounds. nil: no bound.
func between(key, after, low, high []byte) bool {
	return (after == nil || bytes.Compare(key, after) > 0) &&
		(low == nil || bytes.Compare(key, low) >= 0) &&
		(high == nil || bytes.Compare(key, high) < 0)
}

// leaf goes through the elements of a page that begins at start in the file.
func (r *rover) leaf(p *page, sound bool, start int64, low, high []byte) error {
	var last []byte
	for i := range p.count {
		e := p.element(i)
		key, ok := r.looseKeyIn(p, e, sound)
		if !ok || !sound && !between(key, last, low, high) {
			continue
		}
		last = append(last[:0], key...)
		if e.flags == bucketFlag {
			good, err := r.bucket(p, sound, start, e, slices.Clone(key))
			if err == nil && !good {
				err = r.bad(p, sound, i, low, high)
			}
			if err != nil {
				return err
			}
			continue
		}
		it := Item{Key: last, Sound: sound, At: start + e.key + e.ksize, Size: e.vsize, page: p, from: e.key + e.ksize, buf: &r.value}
		good, err := r.v.Item(r.path, &it)
		if err == nil && !good {
			err = r.bad(p, sound, i, low, high)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// looseKeyIn is looseKey, which in a sound page any element passes.
func (r *rover) looseKeyIn(p *page, e element, sound bool) ([]byte, bool) {
	if !sound {
		return r.looseKey(p, e)
	}
	key, err := p.bytes(e.key, e.ksize, &r.scratch.keys[0])
	return key, err == nil
}

// bad says that around element i another one may have been.
func (r *rover) bad(p *page, sound bool, i int, low, high []byte) error {
	r.reached[p.id/64] &^= 1 << (p.id % 64) // not to be passed over as an orphan
	if !sound {
		return nil // all of the page was said to be lost
	}
	neighbour := func(i int, bound []byte) []byte {
		if i < 0 || i >= p.count {
			return bound
		}
		e := p.element(i)
		key, err := p.bytes(e.key, e.ksize, &r.scratch.keys[1])
		if err != nil {
			return bound
		}
		return slices.Clone(key)
	}
	return r.v.Lost(r.path, neighbour(i-1, low), neighbour(i+1, high))
}
