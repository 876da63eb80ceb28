package queue

import (
	"context"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// ClaimRequest asks for work; see [store.ClaimRequest].
type ClaimRequest struct {
	Want  []store.Want
	Kinds []string
	Alone bool
	Wait  bool
}

// Claim takes available jobs: they are running when it returns.
func (q *Queue) Claim(ctx context.Context, r ClaimRequest) (store.Claimed, error) {
	return q.store.Claim(ctx, store.ClaimRequest{
		Want: r.Want, Kinds: r.Kinds, Move: move(Claim, time.Time{}), Alone: r.Alone, Wait: r.Wait,
	})
}

// Verdict is how an attempt ended, in the eyes of who ran it.
type Verdict uint8

// The verdicts.
const (
	Succeeded   Verdict = iota + 1
	Failed              // with an error: tried again while attempts are left
	Hopeless            // with an error that no further attempt can mend
	Snoozed             // not now: again after Wait, and not charged
	Interrupted         // shut down before its end: again, and not charged
	CalledOff           // the handler itself cancelled the job
)

// Attempt reports the end of one attempt.
type Attempt struct {
	Job     *store.Job // as it was claimed
	Verdict Verdict
	// Result belongs to Succeeded, Failure to Failed, Hopeless and CalledOff.
	Result  store.Value
	Failure *store.Failure
	// Cause is the live error behind Failure, for who is in the same process. It is not stored.
	Cause error
	// Wait is the time until the next attempt: required for Snoozed; for Failed it
	// replaces the backoff if it is not 0.
	Wait time.Duration
	// Backoff replaces the policy of the queue unless nil.
	Backoff *Backoff
	// Lines are appended to the log of the job, whatever the verdict.
	Lines []store.LogLine
	// Next are jobs to store in the same commit.
	Next []store.Job
}

// Finish records how attempts ended, in one commit. The answer tells for each
// whether its claim still held; where it did not, the job was cancelled or taken over,
// and nothing of that attempt was stored.
func (q *Queue) Finish(ctx context.Context, attempts ...Attempt) ([]bool, error) {
	outcomes := make([]store.Outcome, len(attempts))
	for i := range attempts {
		outcomes[i] = q.Decide(&attempts[i])
	}
	return q.store.Finish(ctx, outcomes)
}

// Decide turns the end of an attempt into what has to be stored.
func (q *Queue) Decide(a *Attempt) store.Outcome {
	now := q.store.Now()
	o := store.Outcome{Ref: a.Job.Ref(), Next: a.Next, Failure: a.Failure, Lines: a.Lines}
	switch a.Verdict {
	case Succeeded:
		o.Move, o.Result, o.Failure = move(Succeed, time.Time{}), a.Result, nil
	case Snoozed:
		o.Move, o.Failure = move(Snooze, later(now, a.Wait)), nil
	case Interrupted:
		o.Move, o.Failure = move(Interrupt, time.Time{}), nil
	case CalledOff:
		o.Move = moveBecause(Cancel, "handler")
	case Hopeless:
		o.Move = moveBecause(Exhaust, ReasonPermanent)
	default:
		o.Move = q.afterFailure(a, now)
	}
	return o
}

func (q *Queue) afterFailure(a *Attempt, now time.Time) store.Move {
	if a.Job.Attempt >= a.Job.MaxAttempts {
		return moveBecause(Exhaust, ReasonAttempts)
	}
	wait := a.Wait
	if wait <= 0 {
		backoff := q.cfg.Backoff
		if a.Backoff != nil {
			backoff = *a.Backoff
		}
		wait = backoff.Delay(a.Job.Attempt, q.cfg.Random())
	}
	return move(Fail, later(now, wait))
}

// later returns now + wait. A handler may ask for any wait, and a time that no store can
// hold would leave its job running for ever: more than a century is a century.
func later(now time.Time, wait time.Duration) time.Time {
	const century = 100 * 365 * 24 * time.Hour
	return now.Add(min(wait, century))
}

// Extend stores progress and checkpoints of running jobs; see [store.Store].
func (q *Queue) Extend(ctx context.Context, extensions ...store.Extension) ([]bool, error) {
	return q.store.Extend(ctx, extensions)
}
