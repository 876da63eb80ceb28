package executor

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Lane is a queue that the executor serves, as it is at a moment.
type Lane struct {
	Queue string
	// Workers is how many of its jobs may run at once. Configured is how many the
	// program asked for: it holds unless an operator has set another number.
	Workers, Configured int
	// Running counts the jobs that run, Waiting those that are claimed and wait for a slot, for
	// some milliseconds.
	Running, Waiting int
	// Rate is how many jobs are started in a second, at the most; 0: any number.
	Rate float64
}

// Lanes lists the queues that are served, by name.
func (e *Executor) Lanes() []Lane {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]Lane, 0, len(e.lanes))
	for _, l := range e.lanes {
		v := Lane{Queue: l.queue, Workers: l.slots, Configured: l.configured, Running: l.used, Waiting: len(l.stock)}
		if !l.limit.none() {
			v.Rate = e.settings[l.queue].Rate
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b Lane) int { return strings.Compare(a.Queue, b.Queue) })
	return all
}

// Serves tells whether the jobs of a queue are run, and how many at once. That may be 0: the
// queue is known, and its jobs wait.
func (e *Executor) Serves(queue string) (workers int, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lanes[queue]
	if l == nil || l.leaving {
		return 0, false
	}
	return l.slots, true
}

// Kinds lists the kinds that have a handler, sorted.
func (e *Executor) Kinds() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.kinds)
}

// Running is a job that occupies a slot.
type Running struct {
	ID          store.ID
	Kind, Queue string
	Attempt     int
	Slot        int       // from 1
	Since       time.Time // when it was claimed
}

// Running lists the jobs whose handlers have not returned, by queue and slot. A handler
// that did not return at its timeout is among them, although its job may run again.
func (e *Executor) Running() []Running {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]Running, 0, len(e.attempts))
	for _, a := range e.attempts {
		if a.slot > 0 {
			j := &a.job
			all = append(all, Running{j.ID, j.Kind, j.Queue, j.Attempt, a.slot, j.AttemptedAt})
		}
	}
	slices.SortFunc(all, func(a, b Running) int { return cmp.Or(strings.Compare(a.Queue, b.Queue), a.Slot-b.Slot) })
	return all
}
