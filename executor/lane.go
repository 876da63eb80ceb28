package executor

import (
	"time"

	"github.com/bgq-dev/bgq/store"
)

// lane is one queue that is served: its slots, and its stock of claimed jobs that
// wait for one. Executor.mu guards it.
type lane struct {
	queue string
	slots int
	busy  []bool // by slot number - 1; longer than slots after the number was lowered
	used  int    // slots in use
	stock []*attempt
	// pending counts the attempts whose outcome is not recorded yet.
	pending int
	asked   int // how many jobs the claim that is under way asks for

	finished int       // attempts since measured
	measured time.Time // when the rate was last taken
	rate     float64   // attempts finished a second
}

const (
	// stockTime bounds the time for which the stock of a lane should last. It is
	// that of four claims: with less, the slots of jobs of a millisecond stand empty.
	stockTime = 20 * time.Millisecond
	// stockAge is how long a job may wait in stock before it is given back.
	stockAge = 100 * time.Millisecond
	maxStock = 1024
	// claimLimit bounds what one claim asks for one lane.
	claimLimit = 2048
)

// free returns the number of free slots.
func (l *lane) free() int { return max(0, l.slots-l.used) }

// take returns the smallest number of a free slot, from 1. There must be one.
func (l *lane) take() int {
	l.used++
	for i, taken := range l.busy {
		if !taken {
			l.busy[i] = true
			return i + 1
		}
	}
	l.busy = append(l.busy, true)
	return len(l.busy)
}

// give returns a slot.
func (l *lane) give(slot int) {
	l.used--
	l.busy[slot-1] = false
}

// count notes that an attempt was finished.
func (l *lane) count() { l.finished++ }

// measure takes the rate anew, if enough time has passed for it.
func (l *lane) measure(now time.Time) {
	const minimum = time.Millisecond
	since := now.Sub(l.measured)
	if since < minimum {
		return
	}
	l.rate = (l.rate + float64(l.finished)/since.Seconds()) / 2
	l.finished, l.measured = 0, now
}

// spare returns how many jobs should be in stock when a claim takes as long as the
// last one did: none, unless jobs are shorter than commits.
func (l *lane) spare(claim time.Duration) int {
	if l.slots == 0 {
		return 0
	}
	return min(int(l.rate*min(4*claim, stockTime).Seconds()), maxStock)
}

// next moves a job of the stock into a free slot, or returns nil.
func (l *lane) next() *attempt {
	if len(l.stock) == 0 || l.free() == 0 {
		return nil
	}
	a := l.stock[0]
	l.stock[0] = nil
	l.stock = l.stock[1:]
	a.slot = l.take()
	return a
}

// stale empties the stock and returns it if it has waited for too long.
func (l *lane) stale(now time.Time) []*attempt {
	if len(l.stock) == 0 || now.Sub(l.stock[0].claimed) < stockAge {
		return nil
	}
	old := l.stock
	l.stock = nil
	return old
}

// wants lists what the lanes can take now, and remembers it: nothing as long as there
// is no handler. spare tells that more is asked for than slots are free. It needs e.mu.
func (e *Executor) wants(now time.Time) (wants []store.Want, spare bool) {
	limit := max(1, min(claimLimit, e.q.Store().Caps().MaxBatch/max(1, len(e.lanes))))
	if len(e.kinds) == 0 {
		limit = 0
	}
	for _, l := range e.lanes {
		l.measure(now)
		l.asked = max(0, min(l.free()+l.spare(e.claiming)-len(l.stock), limit))
		spare = spare || l.asked > l.free()
		if l.asked > 0 {
			wants = append(wants, store.Want{Queue: l.queue, N: l.asked})
		}
	}
	return wants, spare
}
