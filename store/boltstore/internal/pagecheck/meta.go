package pagecheck

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
)

// bbolt writes integers in the order of the machine.
var native = binary.NativeEndian

const (
	magic   = 0xED0CDAED
	version = 2
	// noFreelist stands in the meta page in place of the freelist's page when none
	// is stored.
	noFreelist = 1<<64 - 1
	// firstPage is the first page that is not a meta page.
	firstPage = 2

	// bbolt looks for the second meta page at these page sizes, and at the powers
	// of two between them.
	minPageSize = 1 << 10
	maxPageSize = 16 << 20

	metaSize = 64 // without the page header
	// Where the fields stand in it that are not only read.
	metaFreelist = 32
	metaPages    = 40
	metaTxID     = 48
	metaChecksum = 56 // covers all before it
)

// meta is what a meta page says.
type meta struct {
	marked   bool // the magic is there
	valid    bool // magic, version and checksum are right
	pageSize uint32
	root     uint64 // page of the root bucket
	freelist uint64 // page of the freelist, or noFreelist
	pages    uint64 // high-water mark
	txid     uint64
	slot     uint64         // which of the two meta pages it is
	raw      [metaSize]byte // all that it says
}

func (m meta) report() Report {
	return Report{
		PageSize: int(m.pageSize),
		TxID:     m.txid,
		Pages:    int(m.pages),
		Clean:    m.valid && m.freelist != noFreelist,
	}
}

// readMeta reads the meta page at off. A file that ends before it has none there.
func (f *file) readMeta(off int64) (meta, error) {
	var b [headerSize + metaSize]byte
	if off+int64(len(b)) > f.size {
		return meta{}, nil
	}
	if err := f.readAt(b[:], off); err != nil {
		return meta{}, err
	}
	p := b[headerSize:]
	m := meta{
		marked:   native.Uint32(p) == magic,
		pageSize: native.Uint32(p[8:]),
		root:     native.Uint64(p[16:]),
		freelist: native.Uint64(p[metaFreelist:]),
		pages:    native.Uint64(p[metaPages:]),
		txid:     native.Uint64(p[metaTxID:]),
		raw:      [metaSize]byte(p),
	}
	m.valid = m.marked && native.Uint32(p[4:]) == version && native.Uint64(p[metaChecksum:]) == checksum(p)
	return m, nil
}

// checksum is the one that belongs into the meta p.
func checksum(p []byte) uint64 {
	sum := fnv.New64a()
	sum.Write(p[:metaChecksum])
	return sum.Sum64()
}

// chooseMeta finds the meta page that bbolt would go by, and sets the page size.
//
// As in bbolt, the first valid meta page says how long a page is: the one at the
// beginning of the file, or else whichever is found where a second page could
// begin. Of the two pages at that size, the valid one with the higher
// transaction wins.
func (f *file) chooseMeta() (meta, error) {
	if f.size == 0 {
		return meta{}, fmt.Errorf("%w: the file is empty", ErrDamaged)
	}
	first, err := f.readMeta(0)
	if err != nil {
		return meta{}, err
	}
	guide, marked := first, first.marked
	for off := int64(minPageSize); !guide.valid && off <= maxPageSize && off < f.size-minPageSize; off *= 2 {
		if guide, err = f.readMeta(off); err != nil {
			return meta{}, err
		}
		marked = marked || guide.marked
	}
	switch {
	case guide.valid:
	case marked:
		return meta{}, fmt.Errorf("%w: neither meta page is valid", ErrDamaged)
	default:
		return meta{}, ErrNotBolt
	}

	if s := guide.pageSize; s < minPageSize || s > maxPageSize || s&(s-1) != 0 {
		return meta{}, fmt.Errorf("%w: a page size of %d bytes", ErrDamaged, s)
	}
	f.pageSize = int64(guide.pageSize)
	second, err := f.readMeta(f.pageSize)
	if err != nil {
		return meta{}, err
	}
	second.slot = 1
	switch {
	case first.valid && second.valid && second.txid > first.txid, second.valid && !first.valid:
		return second, nil
	case first.valid:
		return first, nil
	}
	return meta{}, fmt.Errorf("%w: neither meta page is valid", ErrDamaged)
}

// checkMeta compares the chosen meta page with the size of the file. What it says
// is covered by its checksum; the rest of the file may yet be missing.
func (f *file) checkMeta(m meta) error {
	inside := func(id uint64) bool { return firstPage <= id && id < m.pages }
	switch {
	case int64(m.pageSize) != f.pageSize:
		return fmt.Errorf("%w: the meta pages disagree on the page size: %d and %d", ErrDamaged, f.pageSize, m.pageSize)
	case m.pages > uint64(f.size/f.pageSize):
		return fmt.Errorf("%w: cut short: it has %d bytes, and needs %d pages of %d", ErrDamaged, f.size, m.pages, f.pageSize)
	case !inside(m.root):
		return fmt.Errorf("%w: the root bucket is at page %d of %d", ErrDamaged, m.root, m.pages)
	case m.freelist != noFreelist && !inside(m.freelist):
		return fmt.Errorf("%w: the freelist is at page %d of %d", ErrDamaged, m.freelist, m.pages)
	}
	return nil
}
