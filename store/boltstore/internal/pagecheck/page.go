package pagecheck

import (
	"bytes"
	"math"
	"slices"
)

const (
	headerSize  = 16 // of a page: number, flags, count, overflow
	elementSize = 16 // of a branch or a leaf element
	bucketSize  = 16 // of a bucket's header: root page, sequence

	branchFlag   = 0x01
	leafFlag     = 0x02
	metaFlag     = 0x04
	freelistFlag = 0x10

	// bucketFlag marks the leaf elements whose value is a bucket.
	bucketFlag = 0x01

	maxKeySize = 32768
	// maxReach is how far behind its element a value may end for bbolt to read it.
	maxReach = math.MaxInt32
)

// page is a branch or a leaf: with its overflow, or inline in the value of a bucket.
type page struct {
	file   *file
	id     uint64 // for an inline page, the page it stands in
	inline bool
	flags  uint16
	count  int
	// length is the room for the header, the elements, the keys and the values.
	length int64
	// head is the beginning of the page, at least to the end of the elements. For
	// an inline page it is all of it.
	head []byte
}

// element is one entry of a page.
type element struct {
	flags uint32 // of a leaf element
	child uint64 // of a branch element
	// The key begins at key, counted from the start of the page, and the value
	// follows it.
	key   int64
	ksize int64
	vsize int64 // 0 in a branch
}

// header sets the flags, the count and the length from the first bytes of the
// page, and returns its number and its overflow as they stand there.
func (p *page) header() (id uint64, overflow uint32) {
	p.flags = native.Uint16(p.head[8:])
	p.count = int(native.Uint16(p.head[10:]))
	return native.Uint64(p.head), native.Uint32(p.head[12:])
}

// load reads the header and the elements of p into its head. If its first page was
// read before, that is in known.
func (p *page) load(known []byte) (overflow uint32, err error) {
	start, size := p.file.offset(p.id), int(p.file.pageSize)
	p.head = slices.Grow(p.head[:0], size)[:size]
	if known != nil {
		copy(p.head, known)
	} else if err := p.file.readAt(p.head, start); err != nil {
		return 0, err
	}
	id, overflow := p.header()
	if id != p.id {
		return 0, p.damaged("it says that it is page %d", id)
	}
	if p.flags != branchFlag && p.flags != leafFlag {
		return 0, p.damaged("it is neither a branch nor a leaf: flags %#x", p.flags)
	}
	p.length = (int64(overflow) + 1) * p.file.pageSize
	end := p.elementsEnd()
	if end > p.length {
		return 0, p.damaged("%d elements do not fit into %d bytes", p.count, p.length)
	}
	if rest := int(end) - size; rest > 0 {
		p.head = slices.Grow(p.head, rest)[:end]
		return overflow, p.file.readAt(p.head[size:], start+int64(size))
	}
	return overflow, nil
}

// elementsEnd is where the elements end and the first key begins.
func (p *page) elementsEnd() int64 { return headerSize + int64(p.count)*elementSize }

// element reads element i, which must be below count.
func (p *page) element(i int) element {
	at := headerSize + i*elementSize
	b := p.head[at : at+elementSize]
	if p.flags == branchFlag {
		return element{
			key:   int64(at) + int64(native.Uint32(b)),
			ksize: int64(native.Uint32(b[4:])),
			child: native.Uint64(b[8:]),
		}
	}
	return element{
		flags: native.Uint32(b),
		key:   int64(at) + int64(native.Uint32(b[4:])),
		ksize: int64(native.Uint32(b[8:])),
		vsize: int64(native.Uint32(b[12:])),
	}
}

// bytes returns n bytes at the given place of the page: a part of head if they are
// there, or else read into *buf, which grows as needed.
func (p *page) bytes(at, n int64, buf *[]byte) ([]byte, error) {
	if at+n <= int64(len(p.head)) {
		return p.head[at : at+n], nil
	}
	*buf = slices.Grow((*buf)[:0], int(n))[:n]
	return *buf, p.file.readAt(*buf, p.file.offset(p.id)+at)
}

// damaged is the error for this page.
func (p *page) damaged(format string, args ...any) error {
	if p.inline {
		format = "an inline bucket: " + format
	}
	return damaged(p.id, format, args...)
}

// scratch holds what does not fit into the head of a page. Two keys are compared
// at a time, so there are two buffers for keys.
type scratch struct {
	keys  [2][]byte
	value []byte
}

// check reads all elements of the page. The first key must be low and the last one
// below high; nil stands for no bound. It returns the number of elements that are
// buckets with pages of their own; those are yet to be walked.
func (p *page) check(low, high []byte, s *scratch) (buckets int, err error) {
	switch {
	case p.flags == branchFlag && p.count < 2:
		return 0, p.damaged("it is a branch with %d children", p.count)
	case p.count == 0 && low != nil:
		return 0, p.damaged("it is empty")
	}
	end := p.elementsEnd()
	var last []byte
	for i := range p.count {
		e := p.element(i)
		if err := p.checkElement(i, e, end); err != nil {
			return 0, err
		}
		end += e.ksize + e.vsize

		key, err := p.bytes(e.key, e.ksize, &s.keys[i%2])
		if err != nil {
			return 0, err
		}
		switch {
		case i > 0 && bytes.Compare(last, key) >= 0:
			return 0, p.damaged("the keys of elements %d and %d are not in order", i-1, i)
		case i == 0 && low != nil && !bytes.Equal(low, key):
			return 0, p.damaged("its first key is not the one that the branch above has for it")
		}
		last = key

		if e.flags == bucketFlag {
			inline, err := p.checkBucket(i, e, s)
			if err != nil {
				return 0, err
			}
			if !inline {
				buckets++
			}
		}
	}
	if high != nil && bytes.Compare(last, high) >= 0 {
		return 0, p.damaged("its last key is not below the next one in the branch above")
	}
	return buckets, p.checkRest(end)
}

// checkElement checks the numbers of element i, whose key must begin at want.
func (p *page) checkElement(i int, e element, want int64) error {
	end := e.key + e.ksize + e.vsize
	switch {
	case e.key != want:
		return p.damaged("element %d begins at byte %d instead of %d", i, e.key, want)
	case e.ksize == 0 || e.ksize > maxKeySize:
		return p.damaged("element %d has a key of %d bytes", i, e.ksize)
	case end > p.length:
		return p.damaged("element %d ends at byte %d of %d", i, end, p.length)
	case end-int64(headerSize+i*elementSize) > maxReach:
		return p.damaged("element %d is too large to be read", i)
	case e.flags&^bucketFlag != 0:
		return p.damaged("element %d has flags %#x", i, e.flags)
	}
	return nil
}

// checkRest checks that nothing but filling follows the last value, which ends at
// end. Old versions of bbolt took one page more when the last one was just full.
func (p *page) checkRest(end int64) error {
	switch rest := p.length - end; {
	case p.inline && rest != 0:
		return p.damaged("%d bytes follow the last element", rest)
	case rest > p.file.pageSize:
		return p.damaged("it has room for %d bytes, and its elements take %d", p.length, end)
	}
	return nil
}

// checkBucket checks the value of element i, which is a bucket: its header, and the
// page inside it if it is inline.
func (p *page) checkBucket(i int, e element, s *scratch) (inline bool, err error) {
	if p.inline {
		return false, p.damaged("element %d is a bucket inside it", i)
	}
	if e.vsize < bucketSize {
		return false, p.damaged("element %d is a bucket of %d bytes", i, e.vsize)
	}
	root, err := p.bucketRoot(e, s)
	if err != nil || root != 0 {
		return false, err
	}
	// bbolt moves a bucket out when it outgrows a quarter of a page.
	if e.vsize < bucketSize+headerSize || e.vsize > bucketSize+p.file.pageSize {
		return false, p.damaged("element %d is an inline bucket of %d bytes", i, e.vsize)
	}
	value, err := p.bytes(e.key+e.ksize, e.vsize, &s.value)
	if err != nil {
		return false, err
	}
	in := page{file: p.file, id: p.id, inline: true, head: value[bucketSize:], length: e.vsize - bucketSize}
	id, overflow := in.header()
	switch {
	case id != 0 || overflow != 0 || in.flags != leafFlag:
		return false, in.damaged("its header has number %d, overflow %d, flags %#x", id, overflow, in.flags)
	case in.elementsEnd() > in.length:
		return false, in.damaged("%d elements do not fit into %d bytes", in.count, in.length)
	}
	// All of it is in its head, so the buffers that hold keys of p stay as they are.
	_, err = in.check(nil, nil, s)
	return true, err
}

// bucketRoot reads the page of the bucket in element e, or 0 if it is inline.
func (p *page) bucketRoot(e element, s *scratch) (uint64, error) {
	b, err := p.bytes(e.key+e.ksize, 8, &s.value)
	if err != nil {
		return 0, err
	}
	return native.Uint64(b), nil
}
