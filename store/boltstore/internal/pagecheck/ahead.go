package pagecheck

import "slices"

// aheadBytes is how much is read ahead.
const aheadBytes = 256 << 10

// ahead holds pages that were read before they were asked for: the next children of a
// branch. They follow each other in the order of their keys, and often stand side by
// side in the file, or in a few rows that are mixed like cards.
type ahead struct {
	ids []uint64 // ascending
	buf []byte   // the pages, one behind the other
}

// fetch reads the children of a branch from element first on, as many as there is room
// for: in the order of the file, and those that stand side by side at once. It returns
// the first element whose child was left out.
func (a *ahead) fetch(branch *page, first int) (end int, err error) {
	size := int(branch.file.pageSize)
	end = min(branch.count, first+aheadBytes/size)
	a.ids = a.ids[:0]
	for i := first; i < end; i++ {
		if id := branch.element(i).child; branch.file.has(id) {
			a.ids = append(a.ids, id)
		}
	}
	slices.Sort(a.ids)
	a.buf = slices.Grow(a.buf[:0], len(a.ids)*size)[:len(a.ids)*size]
	for i := 0; i < len(a.ids); {
		j := i + 1
		for j < len(a.ids) && a.ids[j] == a.ids[j-1]+1 {
			j++
		}
		if err := branch.file.readAt(a.buf[i*size:j*size], branch.file.offset(a.ids[i])); err != nil {
			return 0, err
		}
		i = j
	}
	return end, nil
}

// page returns the bytes of a page, or nil if they were not read.
func (a *ahead) page(id uint64) []byte {
	i, ok := slices.BinarySearch(a.ids, id)
	if !ok {
		return nil
	}
	size := len(a.buf) / len(a.ids)
	return a.buf[i*size : (i+1)*size]
}
