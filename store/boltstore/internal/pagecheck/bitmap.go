package pagecheck

import (
	"iter"
	"math/bits"
	"sync/atomic"
)

// bitmap is a set of page numbers. Several goroutines may add to it at the same time.
type bitmap []uint64

// newBitmap returns an empty set of numbers below n.
func newBitmap(n uint64) bitmap { return make(bitmap, (n+63)/64) }

// add puts id into the set, and tells whether it was new there.
func (b bitmap) add(id uint64) bool {
	bit := uint64(1) << (id % 64)
	return atomic.OrUint64(&b[id/64], bit)&bit == 0
}

// has tells whether id is in the set. Nobody may add meanwhile.
func (b bitmap) has(id uint64) bool { return b[id/64]&(1<<(id%64)) != 0 }

// count returns how many numbers are in the set. Nobody may add meanwhile.
func (b bitmap) count() (n int) {
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

// missing yields the numbers below n that are not in the set, in order. Nobody may add
// meanwhile.
func (b bitmap) missing(n uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for id := range n {
			if !b.has(id) && !yield(id) {
				return
			}
		}
	}
}
