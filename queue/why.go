package queue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Explanation says why a job does not run, or what became of it.
type Explanation struct {
	// Job is the job with its failures.
	Job *store.Job
	// Because are sentences, the most important first.
	Because []string
	// Remedies are what a person may do about it, the most likely first.
	Remedies []Remedy
}

// Remedy is something that a person may do about a job.
type Remedy struct {
	Do  Action
	Why string // what it is good for
}

// Action names a remedy. A front end turns it into a button or a command line.
type Action string

// The actions.
const (
	ActStart   Action = "start"   // start a program that runs the jobs
	ActRetry   Action = "retry"   // make the job available now
	ActRelease Action = "release" // end its being held
	ActRunNow  Action = "run-now" // make it available before its time
	ActResume  Action = "resume"  // resume its queue
	ActShow    Action = "show"    // look at the failures
	ActResult  Action = "result"  // read the result
)

// Circumstances are what the store does not know of the programs that run jobs.
type Circumstances struct {
	// Live tells that a program which runs jobs has the store open; if none has, a running job is an
	// orphan. What follows is of that program.
	Live bool
	// Kinds are those that it has handlers for; nil: that is not known.
	Kinds []string
	// Served are the queues that it works on, with the number of their workers; nil: that is not known.
	Served map[string]int
}

// Why explains a job. An id that does not exist is [store.ErrNotFound].
func (q *Queue) Why(ctx context.Context, id store.ID, at Circumstances) (Explanation, error) {
	if !at.Live {
		at = Circumstances{}
	}
	s := situation{Circumstances: at, now: q.store.Now()}
	var err error
	if s.job, err = q.Get(ctx, id, store.PartFailures); err != nil {
		return Explanation{}, err
	}
	if s.queue, err = q.queueInfo(ctx, s.job.Queue); err != nil {
		return Explanation{}, err
	}
	if s.rival, err = q.rival(ctx, s.job); err != nil {
		return Explanation{}, err
	}
	rows, err := q.store.Count(ctx)
	if err != nil {
		return Explanation{}, err
	}
	for _, r := range rows {
		here := r.Queue == s.job.Queue
		switch {
		case r.State == store.Running && here:
			s.running, s.busy = s.running+r.N, s.busy+r.N
		case r.State == store.Running:
			s.running += r.N
		case r.State == store.Available && here:
			s.available += r.N
		}
	}
	return s.explain(), nil
}

// rival returns who holds the unique key that a job would have to take back if it were retried. The
// zero id: nobody, or the store cannot tell.
func (q *Queue) rival(ctx context.Context, j *store.Job) (store.ID, error) {
	keys, ok := q.store.(store.Keys)
	if !ok || j.Unique == "" || !j.State.Final() || j.UniqueUntil == store.UntilStart && j.Claim > 0 {
		return store.ID{}, nil
	}
	holder, held, err := keys.Holder(ctx, j.Unique)
	if err != nil || !held || holder == j.ID {
		return store.ID{}, err
	}
	return holder, nil
}

// situation is all that an explanation is drawn from.
type situation struct {
	Circumstances
	job       *store.Job
	queue     store.QueueInfo // of the job
	available int64           // jobs in that queue
	busy      int64           // jobs of that queue that run
	running   int64           // jobs in all queues
	rival     store.ID        // see Queue.rival
	now       time.Time
}

func (s *situation) explain() Explanation {
	e := Explanation{Job: s.job}
	switch s.job.State {
	case store.Running:
		s.explainRunning(&e)
		return e
	case store.Completed, store.Cancelled, store.Discarded:
		s.explainFinal(&e)
		return e
	case store.Available:
		s.explainAvailable(&e)
	case store.Pending:
		e.say("It is held%s: it waits until somebody releases it.", s.because(s.job.Reason))
		e.suggest(ActRelease, "release it")
	case store.Scheduled:
		e.say("It is scheduled for %s%s.", s.at(s.job.RunAt), s.because(s.job.Reason))
		s.explainOverdue(&e)
		e.suggest(ActRunNow, "run it now")
	case store.Retryable:
		e.say("Attempt %d of %d failed; the next one is due at %s.", s.job.Attempt, s.job.MaxAttempts, s.at(s.job.RunAt))
		s.explainOverdue(&e)
		s.explainFailure(&e)
		e.suggest(ActShow, "see every failure")
		e.suggest(ActRunNow, "run it now")
	}
	if s.job.State != store.Available {
		s.explainUnserved(&e)
	}
	s.explainQueue(&e)
	if !s.Live {
		e.say("No program has the queue open, so nothing runs now.")
		e.suggest(ActStart, fmt.Sprintf("run the jobs of queue %q", s.job.Queue))
	}
	return e
}

// handled tells whether there may be a handler for the job.
func (s *situation) handled() bool { return s.Kinds == nil || slices.Contains(s.Kinds, s.job.Kind) }

// workers returns how many workers the queue of the job has, and whether that is known.
func (s *situation) workers() (int, bool) { return s.Served[s.job.Queue], s.Served != nil }

func (e *Explanation) say(format string, args ...any) {
	e.Because = append(e.Because, fmt.Sprintf(format, args...))
}

func (e *Explanation) suggest(do Action, why string) {
	e.Remedies = append(e.Remedies, Remedy{do, why})
}
