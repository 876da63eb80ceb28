package pagecheck

import (
	"errors"
	"fmt"
	"io"
)

// Report is what is known of a file after it was read.
type Report struct {
	// PageSize is the size of a page in bytes.
	PageSize int
	// TxID is the number of the last transaction that was committed: that of the
	// newest valid meta page.
	TxID uint64
	// Pages is the high-water mark: how many pages the file has in use or free,
	// the meta pages included. The file itself may be longer.
	Pages int
	// Reachable is how many of them belong to something: the meta pages, the
	// freelist, and the trees. Only Check sets it.
	Reachable int
	// Clean says that a freelist is stored. A process that keeps none while it
	// runs, and stores one when it closes the file, was not interrupted.
	Clean bool
}

// The two ways in which a file is refused. Any other error comes from reading it.
var (
	// ErrNotBolt: neither meta page has bbolt's mark, so this is some other file.
	ErrNotBolt = errors.New("not a bbolt file")
	// ErrDamaged: a bbolt file which bbolt must not open. The message names the
	// page and what is wrong with it.
	ErrDamaged = errors.New("its pages do not hold together")
)

// ReadMeta reads the two meta pages of a file of size bytes, and compares the size
// with the high-water mark. It reads a few hundred bytes, whatever the size.
//
// One damaged meta page beside a valid one is no error: an interrupted commit
// leaves that behind, and bbolt goes on from the valid one. With an error that
// matches ErrDamaged, the Report holds what could be read.
func ReadMeta(r io.ReaderAt, size int64) (Report, error) {
	_, m, err := open(r, size)
	return m.report(), err
}

// Check does what ReadMeta does, and then reads the freelist and the whole tree
// from the root bucket. It takes time in proportion to the pages in use. The file
// must not be written to meanwhile.
//
// An error matches ErrNotBolt or ErrDamaged, or else it is the error of r.
func Check(r io.ReaderAt, size int64) (Report, error) {
	p, err := Walk(r, size)
	if err != nil {
		return Report{}, err
	}
	return p.Report, nil
}

// Pages are the pages of a file that Check has nothing against.
type Pages struct {
	Report
	file *file
	meta meta
	used bitmap
}

// walkers is how many goroutines read a file. More than there are processors help
// when the disk has to be waited for.
const walkers = 4

// Walk is Check, and keeps what it has found out: which pages are in use.
func Walk(r io.ReaderAt, size int64) (*Pages, error) {
	f, m, err := open(r, size)
	if err != nil {
		return nil, err
	}
	p := &Pages{Report: m.report(), file: f, meta: m, used: newBitmap(m.pages)}
	c := crew{file: f, used: p.used}
	c.used.add(0)
	c.used.add(1)
	if err := c.walk(m.root, walkers); err != nil {
		return nil, err
	}
	if p.Clean {
		if err := c.freelist(m.freelist); err != nil {
			return nil, err
		}
	}
	p.Reachable = p.used.count()
	return p, nil
}

// open chooses the meta page, and returns the file as that page describes it.
func open(r io.ReaderAt, size int64) (*file, meta, error) {
	f := &file{r: r, size: size}
	m, err := f.chooseMeta()
	if err != nil {
		return nil, meta{}, err
	}
	if err := f.checkMeta(m); err != nil {
		return nil, m, err
	}
	f.pages = m.pages
	return f, m, nil
}

// file is what a page is read from.
type file struct {
	r        io.ReaderAt
	size     int64
	pageSize int64
	pages    uint64 // the high-water mark: page numbers are below it
}

// readAt fills b with the bytes at off. An early end of the file is damage.
func (f *file) readAt(b []byte, off int64) error {
	n, err := f.r.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case err == io.EOF:
		return fmt.Errorf("%w: the file ends at byte %d of %d", ErrDamaged, off+int64(n), f.size)
	default:
		return fmt.Errorf("reading %d bytes at %d: %w", len(b), off, err)
	}
}

// has tells whether there is a page id that can belong to a tree.
func (f *file) has(id uint64) bool { return firstPage <= id && id < f.pages }

// offset is where page id begins. The caller has checked that id is below pages.
func (f *file) offset(id uint64) int64 { return int64(id) * f.pageSize }

// damaged is the error for page id.
func damaged(id uint64, format string, args ...any) error {
	return fmt.Errorf("%w: page %d: %s", ErrDamaged, id, fmt.Sprintf(format, args...))
}
