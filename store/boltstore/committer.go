package boltstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// The bounds of one commit. What does not fit is the next commit.
const (
	maxCommitJobs  = 20_000
	maxCommitBytes = 64 << 20
)

// committer gathers the calls that write. One goroutine takes whatever has arrived,
// runs it in one transaction, and answers: what arrives during a commit is the next
// commit. There is no delay; a lone caller pays for one commit.
type committer struct {
	mu       sync.Mutex
	queue    []*op               // arrived, in order
	standing []*op               // waiting claims that found nothing, oldest first
	touched  map[string]struct{} // queues that Update has put jobs into
	closed   bool

	wake chan struct{} // holds one signal: there is something to take
	done chan struct{} // closed when the goroutine has ended
}

// op is one call that writes.
type op struct {
	// run reads and checks, then writes. If it returns an error it has written nothing.
	run func(*txn) error
	// growing marks calls that are refused when the disk is nearly full.
	growing bool
	// blind marks calls that do not look into the indexes: see handing.go.
	blind bool
	// jobs and bytes bound what goes into one commit.
	jobs, bytes int
	// claim marks a call that is never left in doubt: its caller waits for the commit.
	claim bool
	// standing marks a claim that waits while run returns errNothingYet; queues are
	// those whose jobs it wants.
	standing bool
	queues   []string

	phase     phase
	fresh     bool  // is to be tried, whatever was woken
	tried     bool  // run was called in the transaction under way
	err       error // what it returned, or the failure of the transaction
	withdrawn bool  // the caller has gone
	answer    chan error
}

// phase says where an op is. It is guarded by committer.mu.
type phase uint8

const (
	queued  phase = iota
	busy          // in the commit that is under way
	waiting       // a standing claim between two commits
)

var (
	errNothingYet = errors.New("nothing to claim yet")
	errWithdrawn  = errors.New("withdrawn")
)

// do hands an op to the committer and waits for its answer. If the context ends
// first, the op is withdrawn if it can be; if it is in the middle of a commit, the
// answer is ErrUnknown.
func (s *Store) do(ctx context.Context, o *op) error {
	if s.opts.ReadOnly {
		return s.fail(store.ErrReadOnly, "open it without ReadOnly to change it")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	o.answer, o.fresh = make(chan error, 1), true
	if err := s.committer.submit(o); err != nil {
		return s.fail(err, "")
	}
	select {
	case err := <-o.answer:
		return s.explain(err)
	case <-ctx.Done():
	}
	if s.committer.withdraw(o) {
		return ctx.Err()
	}
	if o.claim {
		// A commit is short. Its outcome must be known: nobody would run the jobs.
		if err := <-o.answer; err != errWithdrawn {
			return s.explain(err)
		}
		return ctx.Err()
	}
	select {
	case err := <-o.answer:
		return s.explain(err)
	default:
		return fmt.Errorf("%w: %w", store.ErrUnknown, ctx.Err())
	}
}

func (c *committer) submit(o *op) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return store.ErrClosed
	}
	c.queue = append(c.queue, o)
	c.signal()
	return nil
}

// withdraw takes an op back, if it is not in a commit. A standing claim that is in
// one is marked, and gets errWithdrawn unless it is served.
func (c *committer) withdraw(o *op) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	is := func(other *op) bool { return other == o }
	switch o.phase {
	case queued:
		c.queue = slices.DeleteFunc(c.queue, is)
		return true
	case waiting:
		c.standing = slices.DeleteFunc(c.standing, is)
		return true
	default:
		o.withdrawn = true
		return false
	}
}

// touch makes the standing claims of these queues be tried again.
func (c *committer) touch(queues map[string]struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for q := range queues {
		c.touched[q] = struct{}{}
	}
	c.signal()
}

func (c *committer) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// regroup lets those who were just answered call again, so that they are in the
// next commit and not in the one after it: without it, producers in a loop form two
// crowds that take turns. It only ever yields, to callers that can run; it ends when
// as many have arrived as were answered, and after a small part of the time that a commit takes.
func (c *committer) regroup(answered int, commit time.Duration) {
	const crowd = 4 // fewer callers show no habit
	all := c.arrived() + answered
	runtime.Gosched()
	if answered < crowd {
		return
	}
	for end := time.Now().Add(commit / regroupPart); time.Now().Before(end) && c.arrived() < all; {
		runtime.Gosched()
	}
}

// arrived is the number of calls that wait for the next commit.
func (c *committer) arrived() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

// regroupPart is the part of the time of a commit for which regroup waits at the most.
const regroupPart = 8

// group is what goes into one commit.
type group struct {
	ops      []*op
	standing []*op
	woken    map[string]struct{}
}

func (g *group) empty() bool { return len(g.ops) == 0 && len(g.standing) == 0 }

// take returns the next group, as soon as there is one; or false when the committer
// is closed and everything has been taken. late ends the wait: then there is none.
func (c *committer) take(late func() <-chan time.Time) (group, bool) {
	for {
		c.mu.Lock()
		g := c.gather()
		closed := c.closed
		c.mu.Unlock()
		if !g.empty() {
			return g, true
		}
		if closed {
			return group{}, false
		}
		select {
		case <-c.wake:
		case <-late():
			return group{}, true
		}
	}
}

// gather takes from the queue what fits into one commit, and those standing claims
// that may find something in it.
func (c *committer) gather() group {
	g := group{woken: c.touched}
	jobs, bytes, n := 0, 0, 0
	for _, o := range c.queue {
		if n > 0 && (jobs+o.jobs > maxCommitJobs || bytes+o.bytes > maxCommitBytes) {
			break
		}
		jobs, bytes, n = jobs+o.jobs, bytes+o.bytes, n+1
		o.phase = busy
		if o.standing {
			c.standing = append(c.standing, o)
		} else {
			g.ops = append(g.ops, o)
		}
	}
	c.queue = slices.Delete(c.queue, 0, n)
	fresh := func(o *op) bool { return o.fresh }
	if len(g.ops) > 0 || len(g.woken) > 0 || slices.ContainsFunc(c.standing, fresh) {
		c.touched = map[string]struct{}{}
		g.standing = slices.Clone(c.standing)
		for _, o := range g.standing {
			o.phase = busy
		}
	}
	return g
}

// wantsTry tells whether a standing claim may find something after a transaction
// that has put jobs into the woken queues.
func (c *committer) wantsTry(o *op, woken map[string]struct{}) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.withdrawn {
		return false
	}
	return o.fresh || slices.ContainsFunc(o.queues, func(q string) bool {
		_, ok := woken[q]
		return ok
	})
}

// conclude hands out the answers of a commit. Claims that found nothing go on
// waiting, unless the store is being closed.
func (c *committer) conclude(g group) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range g.ops {
		o.answer <- o.err
	}
	for _, o := range g.standing {
		switch {
		case o.tried && o.err != errNothingYet:
			o.answer <- o.err
		case o.withdrawn:
			o.answer <- errWithdrawn
		default:
			o.phase, o.tried = waiting, false
			continue
		}
		c.standing = slices.DeleteFunc(c.standing, func(other *op) bool { return other == o })
	}
}

// run is the goroutine.
func (s *Store) run() {
	c := &s.committer
	defer close(c.done)
	var timer lateness
	defer timer.stop()
	late := func() <-chan time.Time { return timer.after(s.stats.late()) }
	for {
		g, ok := c.take(late)
		if !ok {
			break
		}
		if g.empty() {
			g.ops = []*op{s.saving()}
		}
		began := time.Now()
		s.commit(g)
		c.regroup(len(g.ops), time.Since(began))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.standing {
		o.answer <- s.fail(store.ErrClosed, "")
	}
	c.standing = nil
}

// commit runs a group in one transaction and answers it.
func (s *Store) commit(g group) {
	err := s.transact(func(t *txn) {
		var full error
		if slices.ContainsFunc(g.ops, func(o *op) bool { return o.growing }) {
			full = s.nearlyFull(t.tx)
		}
		for q := range g.woken {
			t.woken[q] = struct{}{}
		}
		t.handing = len(g.standing) > 0
		for _, o := range g.ops {
			if !o.blind {
				t.place()
			}
			if o.growing && full != nil {
				o.err = full
			} else {
				o.err = o.run(t)
			}
		}
		for _, o := range g.standing {
			if s.committer.wantsTry(o, t.woken) {
				o.tried, o.fresh = true, false
				o.err = o.run(t)
			}
		}
		t.place()
	})
	if err != nil {
		s.spread(err, g)
	}
	s.committer.conclude(g)
}

// spread gives the failure of a transaction to all who took part in it. Who was
// refused by itself keeps that answer. A claim that found nothing goes on waiting, if
// there is anything to wait for; it looks again at once, because what it found taken
// may be there after all.
func (s *Store) spread(err error, g group) {
	for _, o := range g.ops {
		if o.err == nil {
			o.err = err
		}
	}
	over := s.broken()
	for _, o := range g.standing {
		switch {
		case o.tried && o.err == nil, !o.tried && o.fresh && over == nil:
			o.tried, o.err = true, err
		case over != nil:
			o.tried, o.err = true, over
		default:
			o.fresh = true
		}
	}
}

// nearlyFull returns ErrNoSpace if new jobs would eat into the reserve. What is free
// inside of the file counts: it is used before the file grows.
func (s *Store) nearlyFull(tx *bbolt.Tx) error {
	if s.opts.MinFree < 0 {
		return nil
	}
	free, ok := freeSpace(s.abs)
	free += freeInside(tx.DB())
	if !ok || free >= s.opts.MinFree {
		return nil
	}
	err := fmt.Errorf("%w: %d MiB are free, %d MiB are kept for finishing", store.ErrNoSpace, free>>20, s.opts.MinFree>>20)
	return s.fail(err, "free some space on the disk, or delete finished jobs")
}
