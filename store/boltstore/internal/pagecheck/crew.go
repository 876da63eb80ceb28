package pagecheck

import (
	"bytes"
	"sync"
	"sync/atomic"
)

// crew is several walkers that share the work of one file. Reading pages and checking
// them takes about as long, and on a cold disk the one waits for the other.
type crew struct {
	file *file
	used bitmap // the pages that belong to something
	// work hands a subtree to a walker that has nothing to do. It holds nothing, so
	// whoever finds nobody idle walks the subtree itself.
	work chan subtree
	open sync.WaitGroup // the subtrees that are not finished

	stopped  atomic.Bool // there is an outcome
	mu       sync.Mutex  // guards the fields below
	err      error
	panicked any
}

// subtree is a page and all below it, as they are seen from the branch above.
type subtree struct {
	id        uint64
	low, high []byte // the bounds of its keys; nil: none
	kind      uint16 // of the page; 0: any
	depth     int    // how many pages are above it
}

// walk reads all that the page root leads to, with so many walkers. The first damage
// ends it; which one that is, if there is more, depends on chance.
func (c *crew) walk(root uint64, walkers int) error {
	c.work = make(chan subtree)
	var all sync.WaitGroup
	for range walkers {
		all.Go(func() {
			w := walker{crew: c}
			for s := range c.work {
				w.take(s)
			}
		})
	}
	c.open.Add(1)
	c.work <- subtree{id: root}
	c.open.Wait()
	close(c.work)
	all.Wait()
	if c.panicked != nil {
		panic(c.panicked) // here, where the caller can recover it
	}
	return c.err
}

// take walks one subtree.
func (w *walker) take(s subtree) {
	defer w.open.Done()
	defer func() {
		if v := recover(); v != nil {
			w.stop(nil, v)
		}
	}()
	if err := w.walk(s); err != nil {
		w.stop(err, nil)
	}
}

// stop makes an error, or a panic, the outcome of the walk, unless there is one.
func (c *crew) stop(err error, panicked any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped.CompareAndSwap(false, true) {
		c.err, c.panicked = err, panicked
	}
}

// handOver gives a subtree to another walker, if one is idle. It copies the bounds,
// which stand in a page of the walker that calls.
func (c *crew) handOver(s subtree) bool {
	s.low, s.high = bytes.Clone(s.low), bytes.Clone(s.high)
	c.open.Add(1)
	select {
	case c.work <- s:
		return true
	default:
		c.open.Done()
		return false
	}
}

// use marks page id and its overflow as used.
func (c *crew) use(id uint64, overflow uint32) error {
	end := id + uint64(overflow) + 1
	if end > c.file.pages {
		return damaged(id, "it has %d pages of overflow, and the file ends at page %d", overflow, c.file.pages-1)
	}
	for n := id; n < end; n++ {
		if !c.used.add(n) {
			return damaged(n, "it is used twice")
		}
	}
	return nil
}
