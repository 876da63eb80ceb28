package executor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// attempt is one claimed job, from its claim until its slot is free again.
type attempt struct {
	e       *Executor
	job     store.Job
	lane    *lane
	handler handler
	claimed time.Time

	// begin sets these: while in stock an attempt has no slot (0) and no context.
	slot   int
	ctx    context.Context
	cancel context.CancelCauseFunc

	notes atomic.Pointer[notes] // what the handler has said; nil if nothing

	// Executor.mu guards what follows.
	revoked  error           // why the job was taken away while in stock
	ended    bool            // how it ended is settled; whatever comes later is ignored
	outcome  queue.Attempt   // valid once ended
	progress *store.Progress // the last word of the handler, not stored yet; valid once ended
	released bool
}

// newAttempt registers a claimed job. It needs e.mu.
func (e *Executor) newAttempt(j store.Job, l *lane, now time.Time) *attempt {
	a := &attempt{e: e, job: j, lane: l, handler: e.handlers[j.Kind], claimed: now}
	e.attempts[j.ID] = a
	l.pending++
	return a
}

// begin gives the attempt its slot and its context. It needs Executor.mu.
func (a *attempt) begin(slot int) {
	ctx, cancel := context.WithCancelCause(a.lane.desks[slot-1].jobs)
	a.slot, a.ctx, a.cancel = slot, context.WithValue(ctx, contextKey{}, a), cancel
	if a.revoked != nil {
		cancel(a.revoked)
	}
}

// revoke ends the context of an attempt, or will as soon as it has one.
func (e *Executor) revoke(a *attempt, cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if a.cancel == nil {
		a.revoked = cause
		return
	}
	a.cancel(cause)
}

func (a *attempt) logger() *zap.Logger {
	return a.e.log.With(zap.Stringer("job", a.job.ID), zap.String("kind", a.job.Kind), zap.Int("attempt", a.job.Attempt))
}

// run calls the handler and settles how it ended. It is the goroutine of the attempt.
func (a *attempt) run() {
	e := a.e
	ctx := a.ctx
	pprof.SetGoroutineLabels(ctx) // goroutines that the handler starts inherit them
	if a.job.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, a.job.Timeout, ErrTimeout)
		defer stop()
		// A handler that is deaf to its context keeps its slot, but not its job.
		deaf := time.AfterFunc(a.job.Timeout+max(e.cfg.Abandon, 0), func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.settle(a, a.failed(fmt.Errorf("%w of %v, and its handler did not return when its context ended", ErrTimeout, a.job.Timeout), store.FailTimeout, ""))
		})
		defer deaf.Stop()
	}
	var outcome queue.Attempt
	decided := false
	defer func() {
		if !decided { // a panic, or runtime.Goexit
			outcome = a.broken(recover())
		}
		a.end(outcome)
	}()
	outcome = a.call(ctx)
	decided = true
}

// call runs the handler.
func (a *attempt) call(ctx context.Context) queue.Attempt {
	if err := context.Cause(ctx); err != nil { // cancelled while in stock
		return a.judge(ctx, nil, err)
	}
	result, err := a.handler.fn(ctx, &a.job)
	return a.judge(ctx, result, err)
}

// end settles the attempt and frees its slot.
func (a *attempt) end(outcome queue.Attempt) {
	a.e.mu.Lock()
	defer a.e.mu.Unlock()
	a.e.settle(a, outcome)
	a.e.release(a)
}

// judge decides what a return of the handler means.
func (a *attempt) judge(ctx context.Context, result store.Value, err error) queue.Attempt {
	if err == nil {
		if limit := a.e.q.Store().Caps().MaxValue; len(result) > limit {
			err = Permanent(fmt.Errorf("the result has %d bytes, and the limit is %d: store it elsewhere and return where, or raise the limit: %w", len(result), limit, store.ErrTooLarge))
		} else {
			return queue.Attempt{Verdict: queue.Succeeded, Result: result}
		}
	}
	cause := context.Cause(ctx)
	if errors.Is(cause, ErrShutdown) {
		return queue.Attempt{Verdict: queue.Interrupted}
	}
	d, err := split(err)
	switch {
	case d.interrupt:
		return queue.Attempt{Verdict: queue.Interrupted}
	case d.snooze:
		return queue.Attempt{Verdict: queue.Snoozed, Wait: d.wait}
	}
	kind := store.FailError
	switch {
	case errors.Is(cause, ErrTimeout):
		kind = store.FailTimeout
		if find(err, func(e error) bool { return e == context.DeadlineExceeded || e == context.Canceled }) != nil {
			err = fmt.Errorf("%w of %v: %w", ErrTimeout, a.job.Timeout, err)
		}
	case find(err, func(e error) bool { return e == ErrTimeout }) != nil: // the handler keeps a limit of its own
		kind = store.FailTimeout
	}
	outcome := a.failed(err, kind, "")
	outcome.Wait = d.wait
	switch {
	case d.permanent:
		outcome.Verdict = queue.Hopeless
	case d.cancel:
		outcome.Verdict = queue.CalledOff
		outcome.Failure.Kind = store.FailCancelled
	}
	return outcome
}

// broken turns a panic, or the end of the goroutine, into a failure.
func (a *attempt) broken(value any) queue.Attempt {
	if value == nil {
		return a.failed(errors.New("the handler ended its goroutine (runtime.Goexit)"), store.FailPanic, "")
	}
	err, ok := value.(error)
	if !ok {
		err = fmt.Errorf("%v", value)
	}
	return a.failed(err, store.FailPanic, panicStack(string(debug.Stack())))
}

func (a *attempt) failed(err error, kind store.FailureKind, stack string) queue.Attempt {
	chain := describe(err)
	f := &store.Failure{
		At: a.e.q.Store().Now(), Attempt: a.job.Attempt, Kind: kind,
		Message: chain[0].Message, Chain: chain, Stack: shorten(stack),
	}
	f.Output = shorten(output(err))
	return queue.Attempt{Verdict: queue.Failed, Failure: f, Cause: err, Backoff: a.handler.options.Backoff}
}

// output returns what a failed process printed, if the error has it. The method is
// not ours: it may panic.
func output(err error) (text string) {
	type printer interface{ FailureOutput() string }
	defer func() {
		if recover() != nil {
			text = ""
		}
	}()
	if p, ok := find(err, func(e error) bool { _, ok := e.(printer); return ok }).(printer); ok {
		text = p.FailureOutput()
	}
	return text
}

// panicStack returns the frames from the one that panicked on: those above it
// are the runtime's and ours.
func panicStack(stack string) string {
	const mark = "\npanic("
	if i := strings.LastIndex(stack, mark); i >= 0 {
		rest := stack[i+1:]
		// Two lines: the call of panic, and its place.
		for range 2 {
			_, rest, _ = strings.Cut(rest, "\n")
		}
		return rest
	}
	return stack
}

// maxText is the most of a stack or an output that is stored with a failure, in bytes.
const maxText = 128 << 10

// shorten keeps the head and the tail of a long text.
func shorten(s string) string {
	if len(s) <= maxText {
		return s
	}
	cut := len(s) - maxText
	return fmt.Sprintf("%s\n… %d bytes left out …\n%s", s[:maxText/2], cut, s[len(s)-maxText/2:])
}

// settle records in memory how the attempt ended, once, and hands it to the
// completer. It needs e.mu.
func (e *Executor) settle(a *attempt, outcome queue.Attempt) {
	if a.ended {
		return
	}
	a.ended = true
	outcome.Job = &a.job
	if n := a.notes.Load(); n != nil {
		outcome.Lines, a.progress = n.close()
		delete(e.noted, a)
	}
	a.outcome = outcome
	e.settled = append(e.settled, a)
	poke(e.work)
}

// release frees the slot of an attempt whose handler has returned, and gives it to
// the next one in stock. It needs e.mu.
func (e *Executor) release(a *attempt) {
	if a.released {
		return
	}
	a.released = true
	if a.cancel != nil {
		a.cancel(nil)
	}
	if e.attempts[a.job.ID] == a {
		delete(e.attempts, a.job.ID)
	}
	e.changed()
	l := a.lane
	if a.slot == 0 {
		return
	}
	l.give(a.slot)
	l.count()
	if e.phase == phaseRunning && !e.suspects {
		e.fill(l)
	}
	// The standing claim, if it asks for jobs of this lane at all, will do.
	switch {
	case e.unclaim == nil:
		poke(e.wake)
	case l.asked == 0:
		e.replan()
	}
}
