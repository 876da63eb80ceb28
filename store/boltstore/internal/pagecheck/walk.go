package pagecheck

// maxPath bounds the pages between the root and a leaf, over all nested buckets.
// A tree of bbolt with a million million keys has a dozen levels; what is deeper
// was not written by an honest program, and bbolt would recurse into all of it.
const maxPath = 1024

// walker reads the pages of one subtree after the other.
type walker struct {
	*crew
	// path leads from the root of the subtree to the page at hand. Its frames beyond
	// depth are kept for their buffers.
	path    []*frame
	depth   int
	above   int // pages between the root of the file and that of the subtree
	ahead   ahead
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
	fetched  int // the element up to whose child was read ahead
}

// walk reads a subtree and the buckets in it, each page once: first the page itself,
// then all below it. What is handed to another walker is left out.
func (w *walker) walk(s subtree) error {
	w.depth, w.above = 0, s.depth
	if err := w.enter(s.id, s.low, s.high, s.kind); err != nil {
		return err
	}
	for w.depth > 0 && !w.stopped.Load() {
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

// enterChild goes on to the next child of a branch. Branches may be handed to another
// walker; leaves are too small for that, and are read several at a time.
func (w *walker) enterChild(top *frame) error {
	at := top.next
	e := top.element(at)
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
	switch top.children {
	case branchFlag:
		if w.handOver(subtree{e.child, low, high, branchFlag, w.above + w.depth}) {
			return nil
		}
	case leafFlag:
		// Once only: a bucket in a leaf may read ahead too, and leave nothing of it.
		if at >= top.fetched {
			if top.fetched, err = w.ahead.fetch(&top.page, at); err != nil {
				return err
			}
		}
	}
	if err := w.enter(e.child, low, high, top.children); err != nil {
		return err
	}
	top.children = w.path[w.depth-1].flags
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
			return w.enter(root, nil, nil, 0)
		}
	}
}

// enter reads and checks the page with the given number, whose keys have the given
// bounds, and puts it at the end of the path. If kind is not 0, it must be of that
// kind.
func (w *walker) enter(id uint64, low, high []byte, kind uint16) error {
	if !w.file.has(id) {
		return damaged(id, "it is referred to, and the file has pages %d to %d", firstPage, w.file.pages-1)
	}
	if w.above+w.depth == maxPath {
		return damaged(id, "it is %d pages below the root", maxPath)
	}
	if w.depth == len(w.path) {
		w.path = append(w.path, &frame{})
	}
	f := w.path[w.depth]
	*f = frame{page: page{file: w.file, id: id, head: f.head}, high: high, keys: f.keys}
	overflow, err := f.load(w.ahead.page(id))
	if err != nil {
		return err
	}
	if err := w.use(id, overflow); err != nil {
		return err
	}
	if f.buckets, err = f.check(low, high, &w.scratch); err != nil {
		return err
	}
	if kind != 0 && f.flags != kind {
		return f.damaged("it is a %s, and the pages beside it are not", kindName(f.flags))
	}
	w.depth++
	return nil
}

func kindName(flags uint16) string {
	if flags == branchFlag {
		return "branch"
	}
	return "leaf"
}
