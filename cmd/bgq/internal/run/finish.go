package run

import (
	"context"
	"fmt"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/halt"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/joblog"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/progress"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// hand keeps what an attempt leaves until its outcome is durable. It is kept by claim: a
// job that was given back unused may run again before that is reported.
func (s *session) hand(ref store.Ref, e *ended) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended[ref] = e
}

func (s *session) take(ref store.Ref) *ended {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.ended[ref]
	delete(s.ended, ref)
	if e == nil { // it never came to run
		e = &ended{}
	}
	return e
}

// finished is called by the executor, from one goroutine, when the outcome of an
// attempt is durable.
func (s *session) finished(job *store.Job, a queue.Attempt, applied bool) {
	e := s.take(job.Ref())
	defer func() {
		if err := e.close(); err != nil {
			s.fail(fmt.Errorf("the output of %s: %w", e.line, err))
		}
	}()
	failed := a.Verdict != queue.Succeeded
	switch {
	case !applied:
		if !s.endedElsewhere(job.ID) {
			return
		}
		failed = true
	case a.Verdict == queue.Interrupted, a.Verdict == queue.Snoozed:
		return
	case a.Verdict == queue.Failed && job.Attempt < job.MaxAttempts:
		s.update(func(c *progress.Counts) { c.Retries++ })
		return
	}
	s.publish(job, e)
	if failed {
		s.complain(e, a.Failure)
	}
	s.update(func(c *progress.Counts) {
		if failed {
			c.Failed++
		} else {
			c.OK++
		}
	})
	if c := s.meter.Counts(); failed && s.opts.Halt.Reached(c.Failed, c.Ended()) {
		s.halt()
	}
}

// endedElsewhere tells whether a job whose outcome was refused has ended all the same:
// somebody has cancelled it.
func (s *session) endedElsewhere(id store.ID) bool {
	job, err := s.q.Get(context.Background(), id, store.HeadOnly)
	return err != nil || job.State.Final()
}

// publish writes the joblog and prints the output of an input that has ended.
func (s *session) publish(job *store.Job, e *ended) {
	if s.log != nil && e.line != "" {
		var received int64
		if e.stdout != nil {
			received = e.stdout.Size()
		}
		err := s.log.Append(joblog.Entry{
			Seq: job.Index + 1, Started: e.exit.Started, Runtime: e.exit.Runtime, Receive: received,
			Exit: e.exit.Code, Signal: int(e.exit.Signal), Command: e.line,
		})
		if err != nil {
			s.fail(err)
		}
	}
	if err := s.printer.Print(job.Index, e.stdout, e.stderr); err != nil {
		s.fail(fmt.Errorf("cannot print the output: %w", err))
	}
}

// complain says on stderr that an input has failed for good.
func (s *session) complain(e *ended, f *store.Failure) {
	message := "it was cancelled"
	if f != nil {
		message = f.Message
	}
	s.say("failed: %s: %s", shorten(e.line), message)
}

// halt stops the run as the policy says.
func (s *session) halt() {
	s.mu.Lock()
	s.halted = true
	s.mu.Unlock()
	if s.opts.Halt.When == halt.Now {
		s.stop(stopHurry)
		return
	}
	s.stop(stopClaiming)
}
