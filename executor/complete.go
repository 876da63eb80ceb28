package executor

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// complete records what was settled, and what handlers say meanwhile, until it is asked to flush and nothing is left.
func (e *Executor) complete() {
	defer close(e.ended)
	flushing := false
	for {
		e.mu.Lock()
		group := e.settled
		e.settled = nil
		e.writing = len(group)
		news := e.takeNotes()
		e.mu.Unlock()
		if len(group) > 0 || len(news) > 0 {
			e.record(group)
			e.mu.Lock()
			e.writing = 0
			for _, a := range group {
				a.lane.pending--
			}
			e.changed()
			e.mu.Unlock()
			e.storeNotes(news)
			continue
		}
		if flushing {
			return
		}
		select {
		case <-e.work:
		case <-e.flush:
			flushing = true
		}
	}
}

// record stores outcomes and tells about them. It does not give up a result as
// long as the store may still take it.
func (e *Executor) record(group []*attempt) {
	size := func(a **attempt) int { return len((*a).outcome.Result) + linesSize((*a).outcome.Lines) }
	for some := range commits(e, group, size) {
		e.recordSome(some)
	}
}

func (e *Executor) recordSome(group []*attempt) {
	outcomes := make([]queue.Attempt, len(group))
	for i, a := range group {
		outcomes[i] = a.outcome
	}
	// The outcome is written whatever became of the contexts of the jobs.
	ctx := context.WithoutCancel(e.jobs)
	for try := 0; ; try++ {
		e.storeProgress(group)
		applied, err := e.q.Finish(ctx, outcomes...)
		if err == nil {
			e.tell(outcomes, applied)
			return
		}
		switch {
		case mayYetStore(err):
			if try == 0 {
				e.choke(true)
				defer e.choke(false)
			}
			// Finishing is fenced: what was stored after all is refused the second time.
			e.log.Error("cannot record how jobs ended, trying again", zap.Int("jobs", len(group)), zap.Error(err))
			if !e.patience(try) {
				e.log.Error("gave up recording how jobs ended: they will run again", zap.Int("jobs", len(group)))
				return
			}
		case len(group) > 1:
			// One of them is at fault: the others must not suffer.
			for _, a := range group {
				e.recordSome([]*attempt{a})
			}
			return
		case len(outcomes[0].Lines) > 0:
			// An outcome must not be lost for the sake of its log.
			e.log.Error("cannot store the log of a job: its last lines are dropped", zap.Stringer("job", group[0].job.ID), zap.Error(err))
			outcomes[0].Lines = nil
		case outcomes[0].Verdict == queue.Succeeded:
			outcomes[0] = group[0].failed(err, store.FailError, "")
			outcomes[0].Job, outcomes[0].Verdict = &group[0].job, queue.Hopeless
		default:
			e.log.Error("cannot record how a job ended: it will run again", zap.Stringer("job", group[0].job.ID), zap.Error(err))
			return
		}
	}
}

// choke stops the starting of jobs as long as outcomes cannot be recorded, on a full
// disk for example: they would run in vain, and their results would pile up in memory.
func (e *Executor) choke(on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.choked = on
	if on {
		e.emptyStocks()
	}
	e.replan()
}

// patience waits before another try, longer each time. It is false when the
// executor is stopping and has tried often enough.
func (e *Executor) patience(try int) bool {
	const stopTries = 5
	wait := min(time.Second, 10*time.Millisecond<<min(try, 10))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-e.flush:
		<-timer.C
		return try < stopTries
	}
}

// tell reports outcomes that are durable now.
func (e *Executor) tell(outcomes []queue.Attempt, applied []bool) {
	for i := range outcomes {
		o := &outcomes[i]
		e.mu.Lock()
		quiet := e.handlers[o.Job.Kind].options.Quiet
		e.mu.Unlock()
		e.report(o, applied[i], quiet)
		if e.cfg.Finished != nil {
			e.cfg.Finished(o.Job, *o, applied[i])
		}
	}
}

func (e *Executor) report(o *queue.Attempt, applied, quiet bool) {
	level := zap.DebugLevel
	text := "job completed"
	switch {
	case !applied:
		text = "job was cancelled or taken away while it ran: its outcome is dropped"
	case o.Verdict == queue.Snoozed:
		text = "job snoozed"
	case o.Verdict == queue.Interrupted:
		text = "job interrupted by the shutdown: it will run again"
	case o.Failure != nil:
		text = "job failed"
		if !quiet {
			level = zap.WarnLevel
		}
	}
	entry := e.log.Check(level, text)
	if entry == nil {
		return
	}
	fields := []zap.Field{
		zap.Stringer("job", o.Job.ID), zap.String("kind", o.Job.Kind),
		zap.Int("attempt", o.Job.Attempt), zap.Int("max_attempts", o.Job.MaxAttempts),
	}
	if o.Failure != nil {
		fields = append(fields, zap.String("failure", string(o.Failure.Kind)), zap.String("error", o.Failure.Message))
	}
	entry.Write(fields...)
}
