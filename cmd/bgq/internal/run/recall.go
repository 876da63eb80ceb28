package run

import (
	"context"
	"slices"
	"time"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/joblog"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/output"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/process"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/template"
	"github.com/bgq-dev/bgq/store"
)

// recallLimit is how many records are read at once: they bring their outputs with them.
const recallLimit = 100

// recall adds to the joblog what ended in earlier runs and is not in it, since bgq was
// killed before it could write the line, or had no joblog.
func (s *session) recall(ctx context.Context, ids []store.ID) error {
	for part := range slices.Chunk(ids, recallLimit) {
		jobs, err := s.q.Store().Get(ctx, part, store.PartArgs|store.PartResult|store.PartFailures)
		if err != nil {
			return err
		}
		for i := range jobs {
			if err := s.log.Append(s.entry(&jobs[i])); err != nil {
				return err
			}
		}
	}
	return nil
}

// entry is the line of a job, as far as the journal knows it.
func (s *session) entry(job *store.Job) joblog.Entry {
	e := joblog.Entry{Seq: job.Index + 1, Started: job.AttemptedAt, Exit: -1}
	if job.AttemptedAt.IsZero() { // it was cancelled before it could run
		e.Started = job.FinalisedAt
	}
	e.Runtime = job.FinalisedAt.Sub(e.Started)
	var args Args
	if decode(job.Args, &args) == nil {
		e.Command = s.template.Line(template.Values{Input: string(args.Input), Seq: e.Seq, Slot: 1})
	}
	var result Result
	switch {
	case job.State == store.Completed && decode(job.Result, &result) == nil:
		e.Exit, e.Runtime = result.ExitCode, time.Duration(result.RuntimeMS)*time.Millisecond
		e.Receive = int64(len(result.Stdout))
		if result.StdoutCut > 0 { // a line that says so is in its place
			e.Receive = output.Keep + result.StdoutCut
		}
	case len(job.Failures) > 0:
		if code, signal, ok := process.ParseExit(job.Failures[len(job.Failures)-1].Message); ok {
			e.Exit, e.Signal = code, int(signal)
		}
	}
	return e
}
