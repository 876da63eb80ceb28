package pagecheck

import "slices"

// maxPath bounds the pages between the root and a leaf, over all nested buckets.
// A tree of bbolt with a million million keys has a dozen levels; what is deeper
// was not written by an honest program, and bbolt would recurse into all of it.
const maxPath = 1024

// walker reads the pages of a file that are in use.
type walker struct {
	file *file
	used bitmap
	// path leads from the root to the page at hand. Its frames beyond depth are
	// kept for their buffers.
	path    []*frame
	depth   int
	scratch scratch
}

// frame is one page on the path, and how far its children have been walked.
type frame struct {
	page
	high    []byte    // the bound of its keys; nil: none
	keys    [2][]byte // the bounds of the child at hand, if they are not in head
	next    int       // the element whose child comes next
	buckets int       // of a leaf: how many of its elements lead to a page yet
	// children is the kind of the first child of a branch, 0 before it is known.
	children uint16
}

// walk reads the tree of the root bucket, and the buckets in it, each page once:
// first the page itself, then all below it.
func (w *walker) walk(root uint64) error {
	if err := w.enter(root, nil, nil); err != nil {
		return err
	}
	for w.depth > 0 {
		var err error
		top := w.path[w.depth-1]
		switch {
		case top.flags == branchFlag && top.next < top.count:
			err = w.enterChild(top)
		case top.flags == leafFlag && top.buckets > 0:
			err = w.enterBucket(top)
		default:
			w.depth--
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// enterChild goes on to the next child of a branch.
func (w *walker) enterChild(top *frame) error {
	e := top.element(top.next)
	low, err := top.bytes(e.key, e.ksize, &top.keys[0])
	if err != nil {
		return err
	}
	high := top.high
	if top.next++; top.next < top.count {
		after := top.element(top.next)
		if high, err = top.bytes(after.key, after.ksize, &top.keys[1]); err != nil {
			return err
		}
	}
	if err := w.enter(e.child, low, high); err != nil {
		return err
	}
	child := w.path[w.depth-1]
	if top.children == 0 {
		top.children = child.flags
	}
	if child.flags != top.children {
		return child.damaged("it is a %s, and the pages beside it are not", kind(child.flags))
	}
	return nil
}

// enterBucket goes on to the next bucket of a leaf that has pages of its own.
func (w *walker) enterBucket(top *frame) error {
	for {
		e := top.element(top.next)
		top.next++
		if e.flags != bucketFlag {
			continue
		}
		root, err := top.bucketRoot(e, &w.scratch)
		if err != nil {
			return err
		}
		if root != 0 {
			top.buckets--
			return w.enter(root, nil, nil)
		}
	}
}

// enter reads and checks the page with the given number, whose keys have the given
// bounds, and puts it at the end of the path.
func (w *walker) enter(id uint64, low, high []byte) error {
	if id < firstPage || id >= w.file.pages {
		return damaged(id, "it is referred to, and the file has pages %d to %d", firstPage, w.file.pages-1)
	}
	if w.depth == maxPath {
		return damaged(id, "it is %d pages below the root", maxPath)
	}
	if w.depth == len(w.path) {
		w.path = append(w.path, &frame{})
	}
	f := w.path[w.depth]
	*f = frame{page: page{file: w.file, id: id, head: f.head[:0]}, high: high, keys: f.keys}
	if err := w.load(&f.page); err != nil {
		return err
	}
	buckets, err := f.check(low, high, &w.scratch)
	if err != nil {
		return err
	}
	f.buckets = buckets
	w.depth++
	return nil
}

// load reads the header and the elements of p, and marks its pages as used.
func (w *walker) load(p *page) error {
	start, size := w.file.offset(p.id), int(w.file.pageSize)
	p.head = slices.Grow(p.head, size)[:size]
	if err := w.file.readAt(p.head, start); err != nil {
		return err
	}
	id, overflow := p.header()
	if id != p.id {
		return p.damaged("it says that it is page %d", id)
	}
	if p.flags != branchFlag && p.flags != leafFlag {
		return p.damaged("it is neither a branch nor a leaf: flags %#x", p.flags)
	}
	if err := w.use(p.id, overflow); err != nil {
		return err
	}
	p.length = (int64(overflow) + 1) * w.file.pageSize
	end := p.elementsEnd()
	if end > p.length {
		return p.damaged("%d elements do not fit into %d bytes", p.count, p.length)
	}
	if rest := int(end) - size; rest > 0 {
		p.head = slices.Grow(p.head, rest)[:end]
		return w.file.readAt(p.head[size:], start+int64(size))
	}
	return nil
}

// use marks page id and its overflow as used.
func (w *walker) use(id uint64, overflow uint32) error {
	end := id + uint64(overflow) + 1
	if end > w.file.pages {
		return damaged(id, "it has %d pages of overflow, and the file ends at page %d", overflow, w.file.pages-1)
	}
	for n := id; n < end; n++ {
		if !w.used.add(n) {
			return damaged(n, "it is used twice")
		}
	}
	return nil
}

func kind(flags uint16) string {
	if flags == branchFlag {
		return "branch"
	}
	return "leaf"
}
