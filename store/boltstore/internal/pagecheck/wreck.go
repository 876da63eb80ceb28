package pagecheck

import (
	"cmp"
	"io"
	"os"
	"slices"
)

// Wreck is a file of which any page may be damaged: what [Check] would refuse. Its methods
// find what can still be read in it, and say what cannot. They never panic, and come to an
// end whatever the bytes are.
type Wreck struct {
	file  *file
	metas []meta // those that are marked as such: the valid ones first, then the newer ones
}

// OpenWreck reads the meta pages, and finds out how long a page is. The error is ErrNotBolt if
// nothing in the file looks like bbolt, or that of r.
func OpenWreck(r io.ReaderAt, size int64) (*Wreck, error) {
	w := &Wreck{file: &file{r: r, size: size}}
	seen, err := w.findMetas()
	if err != nil {
		return nil, err
	}
	if w.choosePageSize(seen); w.file.pageSize == 0 {
		return nil, ErrNotBolt
	}
	w.file.pages = uint64(size / w.file.pageSize)
	for i := range seen {
		if m := &seen[i]; m.at == 0 || m.at == w.file.pageSize {
			w.metas = append(w.metas, m.meta)
		}
	}
	slices.SortStableFunc(w.metas, func(a, b meta) int {
		if a.valid != b.valid {
			return cmp.Compare(bit(b.valid), bit(a.valid))
		}
		return cmp.Compare(b.txid, a.txid)
	})
	return w, nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// metaAt is a meta page and its place in the file.
type metaAt struct {
	meta
	at int64
}

// findMetas reads whatever is marked as a meta page where one can be.
func (w *Wreck) findMetas() (seen []metaAt, err error) {
	for at := int64(0); at <= maxPageSize && at < w.file.size; at = max(2*at, minPageSize) {
		m, err := w.file.readMeta(at)
		if err != nil {
			continue // a place that cannot be read is damaged, as any other
		}
		if m.marked {
			seen = append(seen, metaAt{m, at})
		}
	}
	return seen, nil
}

// choosePageSize believes a valid meta page. Without one it tries those sizes at which most
// pages say their own number; if none does, it leaves the size 0.
func (w *Wreck) choosePageSize(seen []metaAt) {
	for _, m := range seen {
		if m.valid && goodPageSize(int64(m.pageSize)) {
			w.file.pageSize = int64(m.pageSize)
			return
		}
	}
	best := 0
	for size := int64(minPageSize); size <= maxPageSize; size *= 2 {
		if n := w.resemblance(size); n > best {
			best, w.file.pageSize = n, size
		}
	}
	if best == 0 && len(seen) > 0 { // nothing but a damaged meta page
		w.file.pageSize = int64(os.Getpagesize())
	}
}

func goodPageSize(s int64) bool { return s >= minPageSize && s <= maxPageSize && s&(s-1) == 0 }

// resemblance counts pages of a size which look as pages do.
func (w *Wreck) resemblance(size int64) (n int) {
	const samples = 2000
	pages := w.file.size / size
	step := max(1, pages/samples)
	for id := int64(firstPage); id < pages; id += step {
		var b [headerSize]byte
		if w.file.readAt(b[:], id*size) != nil {
			continue
		}
		p := page{head: b[:]}
		if own, _ := p.header(); own == uint64(id) && (p.flags == branchFlag || p.flags == leafFlag || p.flags == freelistFlag) {
			n++
		}
	}
	return n
}

// Pages is how many whole pages the file has, and PageSize how long one is.
func (w *Wreck) Pages() int    { return int(w.file.pages) }
func (w *Wreck) PageSize() int { return int(w.file.pageSize) }

// Root is where the tree of a commit begins.
type Root struct {
	Page uint64
	// TxID is the number of the transaction, 0 if the root was found by itself.
	TxID uint64
	// Valid tells that a meta page with a right checksum leads to it.
	Valid bool

	freelist uint64
}

// Roots returns the roots that the meta pages name: those of valid ones first, then the newer
// ones.
func (w *Wreck) Roots() []Root {
	var roots []Root
	for _, m := range w.metas {
		roots = append(roots, Root{Page: m.root, TxID: m.txid, Valid: m.valid, freelist: m.freelist})
	}
	return roots
}

// Loose returns pages that could be the root of a tree which has a bucket of that name, up to
// limit, without the meta pages' help. Old ones that are not in use any more are among them.
func (w *Wreck) Loose(bucket string, limit int) []Root {
	var roots []Root
	r := rover{w: w}
	for id := uint64(firstPage); id < w.file.pages && len(roots) < limit; id++ {
		p := page{file: w.file, id: id}
		if _, err := p.load(nil); err != nil || p.flags != leafFlag || p.count == 0 {
			continue
		}
		if _, err := p.check(nil, nil, &r.scratch); err != nil {
			continue
		}
		for i := range p.count {
			e := p.element(i)
			if key, err := p.bytes(e.key, e.ksize, &r.scratch.keys[0]); err == nil && e.flags == bucketFlag && string(key) == bucket {
				roots = append(roots, Root{Page: id, freelist: noFreelist})
				break
			}
		}
	}
	return roots
}

// Read reads a value that an [Item] told the place of.
func (w *Wreck) Read(at, size int64) ([]byte, error) {
	b := make([]byte, size)
	return b, w.file.readAt(b, at)
}
