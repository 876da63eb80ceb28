package pagecheck

import (
	"bufio"
	"io"
)

// Orphans calls a function for each item in the pages that a walk has not reached, or in which
// it found something bad: what stands behind a damaged page, and besides, what is left of
// earlier commits, as long as nothing was written over it. free tells that the page is in the
// list of free pages of the root, if that list holds together: then an item is an old one for sure.
// root may be nil. Which bucket an item is of is not known. Damaged pages may yield anything. An
// error of the function ends it.
func (w *Wreck) Orphans(root *Root, reached *Reached, each func(free bool, it *Item) error) error {
	r := rover{w: w}
	free := w.freePages(root, reached)
	for id := uint64(firstPage); id < w.file.pages; id++ {
		if reached.pages.has(id) {
			continue
		}
		isFree := free != nil && free.has(id)
		if err := r.orphan(id, func(it *Item) error { return each(isFree, it) }); err != nil {
			return err
		}
	}
	return nil
}

// orphan reads a page that may be anything.
func (r *rover) orphan(id uint64, each func(it *Item) error) error {
	if len(r.frames) == 0 {
		r.frames = append(r.frames, &page{})
	}
	p := r.frames[0]
	*p = page{file: r.w.file, id: id, head: append(p.head[:0], make([]byte, r.w.file.pageSize)...)}
	if r.w.file.readAt(p.head, r.w.file.offset(id)) != nil {
		return nil
	}
	own, _ := p.header()
	if own == id && (p.flags == branchFlag || p.flags == freelistFlag) {
		return nil
	}
	p.flags = leafFlag
	r.loosen(p)
	return r.items(p, p.file.offset(id), each)
}

// items yields what could be items of a loose page, and of the buckets inside of it.
func (r *rover) items(p *page, start int64, each func(it *Item) error) error {
	for i := range p.count {
		e := p.element(i)
		key, ok := r.looseKey(p, e)
		if !ok {
			continue
		}
		if e.flags == bucketFlag {
			if in, _, ok := r.inline(p, false, e); ok && !p.inline {
				if err := r.items(in, start+e.key+e.ksize+bucketSize, each); err != nil {
					return err
				}
			}
			continue
		}
		it := Item{Key: key, At: start + e.key + e.ksize, Size: e.vsize, page: p, from: e.key + e.ksize, buf: &r.value}
		if err := each(&it); err != nil {
			return err
		}
	}
	return nil
}

// freePages returns which pages are known to be free, or nil.
func (w *Wreck) freePages(root *Root, reached *Reached) bitmap {
	if root == nil || root.freelist == noFreelist || !root.Valid || !w.file.has(root.freelist) {
		return nil
	}
	used := append(bitmap(nil), reached.pages...)
	c := crew{file: w.file, used: used}
	if c.freelist(root.freelist) != nil {
		return nil
	}
	p := page{file: w.file, id: root.freelist, head: make([]byte, headerSize+idSize)}
	at := w.file.offset(p.id)
	if w.file.readAt(p.head, at) != nil {
		return nil
	}
	p.header()
	at += headerSize
	count := int64(p.count)
	if count == largeCount {
		count = int64(native.Uint64(p.head[headerSize:]))
		at += idSize
	}
	free := newBitmap(w.file.pages)
	list := bufio.NewReader(io.NewSectionReader(w.file.r, at, count*idSize))
	for range count {
		var b [idSize]byte
		if _, err := io.ReadFull(list, b[:]); err != nil {
			return nil
		}
		free.add(native.Uint64(b[:]))
	}
	return free
}
