package pagecheck

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Writer is the file that was walked. An *os.File is one.
type Writer interface {
	io.WriterAt
	Sync() error
}

// Seal stores the freelist that is not stored, so that bbolt, which opens the file
// next, need not walk it once more to make one. The file is then as if it had been
// closed well, and p describes it so. If a freelist is stored already, Seal does
// nothing. Nobody else may use the file.
//
// It is a commit as bbolt makes them, and as safe. What the newest meta page leads to is
// brought to disk first. The freelist goes into pages that
// nothing uses, and when it is on disk the older of the two meta pages is replaced by
// one that names it. The newest meta page, and all that it leads to, stay as they
// are. A file whose sealing was interrupted, or failed, is what it was before, or it
// is sealed. The last write is not synced. Whoever commits next syncs it, before the
// other meta page, which is the one that the file falls back to, is written.
func (p *Pages) Seal(w Writer) error {
	if p.Clean {
		return nil
	}
	// Whoever wrote the newest meta page may have been killed, or told of an error, before
	// it was on disk. Until it is, the file falls back to the older one, and pages that only
	// that one leads to must stay as they are. After an error the system may have forgotten
	// that the page is still to be written, so it is written again.
	if _, err := w.WriteAt(p.meta.page(), p.file.offset(p.meta.slot)); err != nil {
		return err
	}
	if err := bringToDisk(w); err != nil {
		return err
	}
	list := p.placeFreelist()
	if err := p.writeFreelist(w, list); err != nil {
		return err
	}
	if err := bringToDisk(w); err != nil {
		return err
	}
	next := p.meta.next(list)
	if _, err := w.WriteAt(next.page(), p.file.offset(next.slot)); err != nil {
		return err
	}
	p.Report = next.report()
	p.Reachable = p.used.count() + int(list.pages)
	return nil
}

// ErrSync says that the system could not bring to disk what was written to the file,
// now or before.
var ErrSync = errors.New("the file cannot be synced")

func bringToDisk(w Writer) error {
	if err := w.Sync(); err != nil {
		return fmt.Errorf("%w: %w", ErrSync, err)
	}
	return nil
}

// freelistPlace is where a freelist is to stand, and how much is in it.
type freelistPlace struct {
	first, pages uint64
	count        uint64 // of free pages, without those it takes itself
	end          uint64 // the high-water mark with it
}

// holds tells whether page id belongs to the freelist.
func (l freelistPlace) holds(id uint64) bool { return l.first <= id && id < l.first+l.pages }

// placeFreelist finds enough free pages in a row, or else uses those behind the last.
func (p *Pages) placeFreelist() freelistPlace {
	end := p.meta.pages
	free := end - uint64(p.used.count())
	size := uint64(p.file.pageSize)
	// As if the list named its own pages too, and had the form of a long one.
	need := (headerSize + idSize + free*idSize + size - 1) / size
	var row uint64
	for id := range p.used.missing(end) {
		if row > 0 && !p.used.has(id-1) {
			row++
		} else {
			row = 1
		}
		if row == need {
			return freelistPlace{first: id + 1 - need, pages: need, count: free - need, end: end}
		}
	}
	return freelistPlace{first: end, pages: need, count: free, end: end + need}
}

// writeFreelist writes the list, and fills up its pages.
func (p *Pages) writeFreelist(w Writer, l freelistPlace) error {
	out := bufio.NewWriterSize(io.NewOffsetWriter(w, p.file.offset(l.first)), 64<<10)
	b := native.AppendUint64(nil, l.first)
	b = native.AppendUint16(b, freelistFlag)
	b = native.AppendUint16(b, uint16(min(l.count, largeCount)))
	b = native.AppendUint32(b, uint32(l.pages-1))
	if l.count >= largeCount {
		b = native.AppendUint64(b, l.count)
	}
	rest := l.pages*uint64(p.file.pageSize) - uint64(len(b)) - l.count*idSize
	out.Write(b) // the errors of out are those of Flush
	for id := range p.used.missing(p.meta.pages) {
		if !l.holds(id) {
			out.Write(native.AppendUint64(b[:0], id))
		}
	}
	out.Write(make([]byte, rest))
	return out.Flush()
}

// next is the meta of a commit after m which changes nothing but the freelist.
func (m meta) next(l freelistPlace) meta {
	m.freelist, m.pages = l.first, l.end
	m.slot = 1 - m.slot
	// bbolt writes transaction n to meta page n%2. In a file that was copied by bbolt
	// itself the newest meta page may stand in the other one, and a number is left out.
	m.txid++
	if m.txid%2 != m.slot {
		m.txid++
	}
	native.PutUint64(m.raw[metaFreelist:], m.freelist)
	native.PutUint64(m.raw[metaPages:], m.pages)
	native.PutUint64(m.raw[metaTxID:], m.txid)
	native.PutUint64(m.raw[metaChecksum:], checksum(m.raw[:]))
	return m
}

// page is the meta with the header of its page.
func (m meta) page() []byte {
	b := native.AppendUint64(nil, m.slot)
	b = native.AppendUint16(b, metaFlag)
	b = append(b, make([]byte, 6)...) // no elements, no overflow
	return append(b, m.raw[:]...)
}
