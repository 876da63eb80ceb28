package pagecheck

// bitmap is a set of page numbers.
type bitmap struct {
	bits  []uint64
	count int
}

// newBitmap returns an empty set of numbers below n.
func newBitmap(n uint64) bitmap { return bitmap{bits: make([]uint64, (n+63)/64)} }

// has tells whether id is in the set.
func (b *bitmap) has(id uint64) bool { return b.bits[id/64]&(1<<(id%64)) != 0 }

// add puts id into the set, and tells whether it was new there.
func (b *bitmap) add(id uint64) bool {
	if b.has(id) {
		return false
	}
	b.bits[id/64] |= 1 << (id % 64)
	b.count++
	return true
}
