package pagecheck

const (
	idSize = 8
	// largeCount in the header says that the true count stands in front of the
	// numbers.
	largeCount = 0xFFFF
)

// freelist checks the stored list of free pages at page id: it must ascend, as bbolt
// writes it, and no page in it may be in use. The trees have been walked before.
func (c *crew) freelist(id uint64) error {
	var head [headerSize + idSize]byte
	at := c.file.offset(id)
	if err := c.file.readAt(head[:], at); err != nil {
		return err
	}
	p := page{file: c.file, id: id, head: head[:]}
	own, overflow := p.header()
	if own != id {
		return p.damaged("it says that it is page %d", own)
	}
	if p.flags != freelistFlag {
		return p.damaged("it is not the freelist: flags %#x", p.flags)
	}
	if err := c.use(id, overflow); err != nil {
		return err
	}

	room := (uint64(overflow)+1)*uint64(c.file.pageSize) - headerSize
	count := uint64(p.count)
	at += headerSize
	if count == largeCount {
		count = native.Uint64(head[headerSize:])
		at += idSize
		room -= idSize
	}
	if count > room/idSize {
		return p.damaged("%d free pages do not fit into the freelist", count)
	}
	return c.freePages(p, at, int64(count))
}

// freePages checks the page numbers at the given place of the file, which belong to
// the freelist p.
func (c *crew) freePages(p page, at, count int64) error {
	buf := make([]byte, min(count*idSize, 1<<16))
	last := uint64(firstPage - 1)
	for left := count * idSize; left > 0; {
		b := buf[:min(left, int64(len(buf)))]
		if err := c.file.readAt(b, at); err != nil {
			return err
		}
		at += int64(len(b))
		left -= int64(len(b))
		for ; len(b) > 0; b = b[idSize:] {
			switch id := native.Uint64(b); {
			case id <= last:
				return p.damaged("free page %d follows page %d", id, last)
			case id >= c.file.pages:
				return p.damaged("free page %d, and the file ends at page %d", id, c.file.pages-1)
			case c.used.has(id):
				return damaged(id, "it is in use, and in the freelist too")
			default:
				last = id
			}
		}
	}
	return nil
}
