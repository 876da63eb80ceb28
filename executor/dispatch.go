package executor

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// dispatch claims jobs and starts them, until ctx ends or no more may be claimed.
func (e *Executor) dispatch(ctx context.Context) {
	select {
	case <-e.ready:
	case <-ctx.Done():
		return
	}
	e.reportUnhandled(ctx)
	for ctx.Err() == nil {
		e.mu.Lock()
		if e.phase != phaseRunning {
			e.mu.Unlock()
			return
		}
		if e.choked {
			e.mu.Unlock()
			e.pause(ctx, 0)
			continue
		}
		now := time.Now()
		if e.suspects || e.suspectsDue(now) {
			e.mu.Unlock()
			e.quarantine(ctx)
			continue
		}
		e.giveBack(now)
		p := e.plan(now)
		kinds := e.kinds
		if len(p.wants) == 0 {
			e.mu.Unlock()
			e.pause(ctx, p.patience)
			continue
		}
		var claim context.Context
		var unclaim context.CancelFunc
		if p.patience > 0 {
			claim, unclaim = context.WithTimeout(ctx, p.patience)
		} else {
			claim, unclaim = context.WithCancel(ctx)
		}
		e.unclaim = unclaim
		controls := e.controls
		drain(e.wake)
		e.mu.Unlock()

		claimed, err := e.q.Claim(claim, queue.ClaimRequest{Want: p.wants, Kinds: kinds, Wait: true})
		unclaim()
		e.start(claimed, time.Since(now), controls)
		if err != nil && !isContext(err) {
			e.claimFailed(ctx, err)
		}
	}
}

// pause waits until there is something to plan for, or for d, unless that is 0.
func (e *Executor) pause(ctx context.Context, d time.Duration) {
	var timeout <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-ctx.Done():
	case <-e.wake:
	case <-timeout:
	}
}

// start puts claimed jobs into slots, or into stock. took is how long the claim was
// under way, controls what Executor.controls was when it began: if the controller has looked since, it
// did not see these jobs, one of which may be what it was to look for.
func (e *Executor) start(claimed store.Claimed, took time.Duration, controls int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.unclaim = nil
	e.claiming = took
	if e.controls != controls && len(claimed.Jobs) > 0 {
		poke(e.look)
	}
	e.suspects = e.suspects || claimed.Suspects
	now := time.Now()
	for i := range claimed.Jobs {
		j := &claimed.Jobs[i]
		l := e.lanes[j.Queue] // Unserve keeps a lane for as long as a claim asks for it
		l.stock = append(l.stock, e.newAttempt(*j, l, now))
	}
	for _, l := range e.lanes {
		l.asked = 0
		e.interrupt(l.excess(now)) // of what was asked for when other settings held
	}
	e.changed()
	if e.phase != phaseRunning || e.choked {
		// That came between, and has emptied the stocks already.
		e.emptyStocks()
		return
	}
	for _, l := range e.lanes {
		e.fill(l)
	}
}

// fill starts jobs of the stock in free slots. It needs e.mu.
func (e *Executor) fill(l *lane) {
	for a := l.next(); a != nil; a = l.next() {
		a.begin(l.take(e.jobs))
		go a.run()
	}
}

// giveBack makes jobs available again that wait in stock behind jobs which turned
// out to be long. It needs e.mu.
func (e *Executor) giveBack(now time.Time) {
	for _, l := range e.lanes {
		e.interrupt(l.stale(now))
	}
}

// interrupt settles attempts that have not begun. It needs e.mu.
func (e *Executor) interrupt(attempts []*attempt) {
	for _, a := range attempts {
		e.settle(a, queue.Attempt{Verdict: queue.Interrupted})
		e.release(a)
	}
}

// emptyStocks gives every job in stock back. It needs e.mu.
func (e *Executor) emptyStocks() {
	for _, l := range e.lanes {
		e.interrupt(l.keep(0))
	}
}

// suspectsDue tells whether a lane that may have suspects can start one by now. It needs e.mu.
func (e *Executor) suspectsDue(now time.Time) bool {
	for _, l := range e.lanes {
		if l.suspect && l.slots > 0 && l.limit.tokens(now) > 0 {
			return true
		}
	}
	return false
}

// quarantine runs the suspects of the served queues, one at a time and with nothing beside
// them. Those of a queue that has no token wait for the next one, and nobody waits for them.
func (e *Executor) quarantine(ctx context.Context) {
	for e.quiet(ctx) {
		e.mu.Lock()
		now := time.Now()
		wants := make([]store.Want, 0, len(e.lanes))
		for _, l := range e.lanes {
			if l.slots == 0 || len(e.kinds) == 0 {
				continue
			}
			if l.suspect = l.limit.tokens(now) == 0; !l.suspect {
				l.asked = 1
				wants = append(wants, store.Want{Queue: l.queue, N: 1})
			}
		}
		kinds := e.kinds
		e.suspects = false
		e.mu.Unlock()
		if len(wants) == 0 {
			return
		}
		claimed, err := e.q.Claim(ctx, queue.ClaimRequest{Want: wants, Kinds: kinds, Alone: true})
		// If there was one there may be more, and if it is not known there may be some.
		claimed.Suspects = len(claimed.Jobs) > 0 || err != nil
		for i := range claimed.Jobs {
			j := &claimed.Jobs[i]
			e.log.Info("running a job alone, since it was running when the process died",
				zap.Stringer("job", j.ID), zap.String("kind", j.Kind), zap.Int("recoveries", j.Recoveries))
		}
		e.start(claimed, 0, -1)
		if err != nil && !isContext(err) {
			e.claimFailed(ctx, err)
		}
		if !claimed.Suspects {
			return
		}
	}
}

// quiet waits until nothing runs and everything is recorded. It is false when the
// executor stops first. What is in stock is given back: no slot is filled meanwhile, so
// it would be waited for in vain.
func (e *Executor) quiet(ctx context.Context) bool {
	for {
		e.mu.Lock()
		if e.phase != phaseRunning {
			e.mu.Unlock()
			return false
		}
		e.emptyStocks()
		if len(e.attempts) == 0 && len(e.settled) == 0 && e.writing == 0 {
			e.mu.Unlock()
			return true
		}
		idle := e.change()
		e.mu.Unlock()
		select {
		case <-ctx.Done():
			return false
		case <-e.wake: // the phase may have changed
		case <-idle:
		}
	}
}

// claimFailed reports that the store gave no jobs, and waits before the next try.
func (e *Executor) claimFailed(ctx context.Context, err error) {
	if errors.Is(err, store.ErrClosed) {
		e.drain()
		return
	}
	e.log.Error("cannot claim jobs, trying again in a second", zap.Error(err))
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// reportUnhandled says once which kinds wait for a handler that nobody registered.
func (e *Executor) reportUnhandled(ctx context.Context) {
	rows, err := e.q.Count(ctx, store.Filter{States: store.SetOf(store.Available, store.Scheduled, store.Retryable)})
	if err != nil {
		return // the first claim will say it
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range rows {
		_, handled := e.handlers[r.Kind]
		if _, served := e.lanes[r.Queue]; served && !handled {
			e.log.Warn("jobs wait for a handler of their kind: register it, or delete them",
				zap.String("kind", r.Kind), zap.String("queue", r.Queue), zap.Stringer("state", r.State), zap.Int64("jobs", r.N))
		}
	}
}

func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func drain(c chan struct{}) {
	select {
	case <-c:
	default:
	}
}
