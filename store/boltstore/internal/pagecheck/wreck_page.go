package pagecheck

import "bytes"

// maxLooseValue is how large a value in a damaged page may be. In a sound one it may be as
// large as the page.
const maxLooseValue = 64 << 20

// look reads page id as far as it can be believed to be the one that the tree means: it says
// its own number, and begins with the key low that leads to it, unless that is nil. If it
// holds together, sound is set; otherwise each of its elements has to be looked at by itself.
// The error says what is wrong, in the second case too.
func (r *rover) look(p *page, id uint64, low, high []byte) (sound, ours bool, err error) {
	f := r.w.file
	*p = page{file: f, id: id, head: p.head}
	overflow, err := p.load(nil)
	if err == nil {
		err = r.strict(p, overflow, low, high)
	}
	if err == nil {
		return true, true, nil
	}
	first := make([]byte, f.pageSize)
	if unread := f.readAt(first, f.offset(id)); unread != nil {
		return false, false, unread
	}
	if len(bytes.Trim(first, "\x00")) == 0 {
		return false, false, damaged(id, "it holds nothing but zeros")
	}
	*p = page{file: f, id: id, head: append(p.head[:0], first...)}
	own, _ := p.header()
	known := p.flags == branchFlag || p.flags == leafFlag
	if own == id && known {
		r.loosen(p)
		return false, low == nil || r.beginsWith(p, low), err
	}
	if own != id && low == nil {
		return false, false, err
	}
	// Its number or its kind is wrong. If all the rest fits, that is all that is wrong.
	flags := []uint16{branchFlag, leafFlag}
	if known {
		flags = []uint16{p.flags}
	}
	for _, kind := range flags {
		native.PutUint64(first, id)
		native.PutUint16(first[8:], kind)
		if overflow, bad := p.load(first); bad == nil && p.count > 0 && r.strict(p, overflow, low, high) == nil {
			return true, true, err
		}
	}
	return false, false, err
}

// strict is the check of [Check], for a page whose header was read.
func (r *rover) strict(p *page, overflow uint32, low, high []byte) error {
	if p.id+uint64(overflow)+1 > p.file.pages {
		return p.damaged("it has %d pages of overflow, and the file ends at page %d", overflow, p.file.pages-1)
	}
	if p.count == 0 && bytes.ContainsFunc(p.head[headerSize:], func(c rune) bool { return c != 0 }) {
		return p.damaged("it says that it is empty, and is not")
	}
	_, err := p.check(low, high, &r.scratch)
	return err
}

// loosen prepares a page that does not hold together: its count may be wrong, or where it ends.
func (r *rover) loosen(p *page) {
	p.length = p.file.size - p.file.offset(p.id)
	n := p.count
	if n == 0 { // element reads it all the same
		n = 1
	}
	// Where the first key begins says how many elements there are, too.
	if first := p.element(0); (first.key-headerSize)%elementSize == 0 {
		n = max(n, int(min((first.key-headerSize)/elementSize, maxElements)))
	}
	end := min(headerSize+int64(n)*elementSize, p.length)
	if rest := end - int64(len(p.head)); rest > 0 {
		head := append(p.head, make([]byte, rest)...)
		if p.file.readAt(head[len(p.head):], p.file.offset(p.id)+int64(len(p.head))) == nil {
			p.head = head
		}
	}
	p.count = min(n, (len(p.head)-headerSize)/elementSize)
}

// maxElements is the most that a page can count.
const maxElements = 1<<16 - 1

// beginsWith tells whether the first key of a loose page is low.
func (r *rover) beginsWith(p *page, low []byte) bool {
	key, ok := r.looseKey(p, p.element(0))
	return ok && bytes.Equal(key, low)
}

// looseKey returns the key of an element, if the element can be one.
func (r *rover) looseKey(p *page, e element) (key []byte, ok bool) {
	switch {
	case e.key < headerSize, e.ksize == 0, e.ksize > maxKeySize, e.vsize > maxLooseValue,
		e.key+e.ksize+e.vsize > p.length, e.flags&^bucketFlag != 0:
		return nil, false
	}
	key, err := p.bytes(e.key, e.ksize, &r.scratch.keys[0])
	return key, err == nil
}
