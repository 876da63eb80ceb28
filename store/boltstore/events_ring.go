package boltstore

import (
	"sync"
	"sync/atomic"
	"time"
)

// ringSize is how many events are remembered.
const ringSize = 16_384

// feed remembers the last events, as long as somebody asks for them. They are added after
// each commit, by who holds Store.writer; the first of an epoch has the number 0.
type feed struct {
	on atomic.Bool // events are remembered; changed only by who holds Store.writer and mu

	mu       sync.RWMutex
	epoch    string // changes whenever remembering begins
	ring     []notice
	next     uint64        // the number of the next event
	more     chan struct{} // closed when there is one; nil: nobody waits for that
	watchers int           // who is in the middle of a call
	left     time.Time     // when the last of them left
}

// begin makes the feed remember. The caller holds Store.writer.
func (f *feed) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.on.Load() {
		return
	}
	f.epoch, f.ring, f.next, f.left = newEpoch(), nil, 0, time.Now()
	f.on.Store(true)
}

// enter begins a call, unless nothing is remembered.
func (f *feed) enter() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.on.Load() {
		return false
	}
	f.watchers++
	return true
}

func (f *feed) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watchers--
	f.left = time.Now()
}

// position returns the place of the next event.
func (f *feed) position() string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return place(f.epoch, f.next)
}

// find returns the number of the event that comes after a place, and false if it is none of
// this epoch: then the number of the oldest. After no place at all comes the next event.
func (f *feed) find(after string) (epoch string, number uint64, known bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if after == "" {
		return f.epoch, f.next, true
	}
	epoch, number, ok := splitPlace(after)
	if !ok || epoch != f.epoch || number > f.next {
		return f.epoch, f.oldest(), false
	}
	return f.epoch, number, true
}

func (f *feed) oldest() uint64 { return f.next - uint64(len(f.ring)) }

// read copies up to limit notices from a number on, or from the oldest if that one is forgotten.
// first is the number of the first that it returns. If there is none, more will be closed when there may be one.
func (f *feed) read(from uint64, limit int) (notices []notice, first uint64, more <-chan struct{}) {
	f.mu.RLock()
	notices, first = f.copy(from, limit)
	f.mu.RUnlock()
	if len(notices) > 0 || first > from {
		return notices, first, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if notices, first = f.copy(from, limit); len(notices) > 0 || first > from {
		return notices, first, nil
	}
	if f.more == nil {
		f.more = make(chan struct{})
	}
	return nil, first, f.more
}

func (f *feed) copy(from uint64, limit int) (notices []notice, first uint64) {
	first = max(from, f.oldest())
	n := int(min(uint64(limit), f.next-first))
	if n == 0 {
		return nil, first
	}
	notices = make([]notice, n)
	start := int(first % ringSize)
	copied := copy(notices, f.ring[start:])
	copy(notices[copied:], f.ring)
	return notices, first
}

// publish adds events, and wakes who waits. The caller holds Store.writer.
func (f *feed) publish(notices []notice) {
	if len(notices) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watchers == 0 && time.Since(f.left) > eventsLinger {
		f.on.Store(false)
		f.ring = nil
		return
	}
	for len(notices) > 0 {
		n := min(len(notices), ringSize-len(f.ring))
		if n > 0 {
			f.ring = append(f.ring, notices[:n]...)
		} else {
			n = copy(f.ring[f.next%ringSize:], notices)
		}
		f.next += uint64(n)
		notices = notices[n:]
	}
	f.wakeAll()
}

// wake makes everybody look again.
func (f *feed) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wakeAll()
}

func (f *feed) wakeAll() {
	if f.more != nil {
		close(f.more)
		f.more = nil
	}
}
