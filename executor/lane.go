package executor

import (
	"context"
	"runtime/pprof"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// lane is one queue that is served: its slots, and its stock of claimed jobs that
// wait for one. Executor.mu guards it.
type lane struct {
	queue      string
	configured int  // the slots that Serve was called with
	leaving    bool // Unserve was called
	slots      int  // how many jobs may run at once: see Executor.heed
	limit      limit
	suspect    bool // it may have suspects: the next token is for one of them

	desks []desk // by slot number - 1; more than slots after the number was lowered
	used  int    // slots in use
	stock []*attempt
	// pending counts the attempts whose outcome is not recorded yet.
	pending int
	asked   int // how many jobs the claim that is under way asks for

	finished int       // attempts since measured
	measured time.Time // when the rate was last taken
	rate     float64   // attempts finished a second
}

// desk is what a slot has whichever job is in it.
type desk struct {
	taken bool
	// jobs is Executor.jobs with the labels of the slot, by which its goroutines are found.
	jobs context.Context
	mark string
}

// marks numbers the slots of a process, whatever executor and queue they are of.
var marks atomic.Int64

// The labels that goroutines of handlers have in profiles: the name of the queue, and the
// number that its slot has among those of the process.
const (
	labelQueue = "bgq_queue"
	labelSlot  = "bgq_slot"
)

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
func (l *lane) take(jobs context.Context) int {
	l.used++
	for i := range l.desks {
		if !l.desks[i].taken {
			l.desks[i].taken = true
			return i + 1
		}
	}
	mark := strconv.FormatInt(marks.Add(1), 10)
	labelled := pprof.WithLabels(jobs, pprof.Labels(labelQueue, l.queue, labelSlot, mark))
	l.desks = append(l.desks, desk{taken: true, jobs: labelled, mark: mark})
	return len(l.desks)
}

// give returns a slot.
func (l *lane) give(slot int) {
	l.used--
	l.desks[slot-1].taken = false
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

// next takes a job out of the stock for which a slot is free, or returns nil. Every job
// in stock has its token: it is used up here, so that one that is given back costs none.
func (l *lane) next() *attempt {
	if len(l.stock) == 0 || l.free() == 0 {
		return nil
	}
	if !l.limit.none() {
		l.limit.take(time.Now())
	}
	a := l.stock[0]
	l.stock[0] = nil
	l.stock = l.stock[1:]
	return a
}

// stale empties the stock and returns it if it has waited for too long.
func (l *lane) stale(now time.Time) []*attempt {
	if len(l.stock) == 0 || now.Sub(l.stock[0].claimed) < stockAge {
		return nil
	}
	return l.keep(0)
}

// excess takes out of the stock, and returns, what must not be started by now: all of it
// when the queue is not served any more, or else what there are no tokens for.
func (l *lane) excess(now time.Time) []*attempt {
	if l.slots == 0 {
		return l.keep(0)
	}
	return l.keep(l.limit.tokens(now))
}

// keep leaves n jobs in stock and returns the others.
func (l *lane) keep(n int) []*attempt {
	if len(l.stock) <= n {
		return nil
	}
	rest := l.stock[n:]
	if l.stock = l.stock[:n:n]; n == 0 {
		l.stock = nil
	}
	return rest
}

// plan is what the dispatcher does next.
type plan struct {
	wants []store.Want // what it asks for; none: it pauses
	// patience bounds the claim or the pause: by then it has to look again. 0: it need not.
	patience time.Duration
}

// within bounds the patience of the plan.
func (p *plan) within(d time.Duration) {
	if p.patience == 0 || d < p.patience {
		p.patience = d
	}
}

// plan lists what the lanes can take now, and remembers it: nothing as long as there
// is no handler, and no more than each has tokens for. It needs e.mu.
func (e *Executor) plan(now time.Time) plan {
	var p plan
	most := max(1, min(claimLimit, e.q.Store().Caps().MaxBatch/max(1, len(e.lanes))))
	if len(e.kinds) == 0 {
		most = 0
	}
	for _, l := range e.lanes {
		l.measure(now)
		room := min(l.free()+l.spare(e.claiming)-len(l.stock), most)
		l.asked = max(0, min(room, l.limit.tokens(now)-len(l.stock)))
		switch {
		case l.asked > l.free(): // on top of the free slots, by a rate that is soon out of date
			p.within(stockTime)
		case len(l.stock) > 0: // it must be given back in time
			p.within(stockAge)
		}
		if l.asked > 0 {
			p.wants = append(p.wants, store.Want{Queue: l.queue, N: l.asked})
		} else if room > 0 && len(l.stock) < l.limit.burst { // there is a slot, and no token
			p.within(l.limit.until(len(l.stock)+1, now))
		}
	}
	return p
}
