package run

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/input"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/progress"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// chunk is what one read of the source gave.
type chunk struct {
	inputs []string
	err    error // io.EOF at the end
}

// reading reads the source in a goroutine of its own, because a read from a pipe or a
// terminal cannot be interrupted: if ctx ends during one, the goroutine waits for
// it, and the process ends without it.
func reading(ctx context.Context, source *input.Source) <-chan chunk {
	chunks := make(chan chunk)
	go func() {
		for {
			inputs, err := source.Next()
			select {
			case chunks <- chunk{inputs, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return chunks
}

// waitingStates are those of members that would be claimed if they were not held.
const waitingStates = store.States(1<<store.Available | 1<<store.Scheduled | 1<<store.Retryable)

// feeder brings the inputs into the journal.
type feeder struct {
	*session
	plan   *plan
	chunks <-chan chunk
	limit  int // of one call to the store
}

// ahead reads what can be had at once, and returns it; more tells that the list has
// not ended. What is then not in the list yet is held.
func (f *feeder) ahead(ctx context.Context) (inputs []string, more bool, err error) {
	deadline := time.NewTimer(lookAhead)
	defer deadline.Stop()
	more = true
	size := 0
	for waiting := true; waiting && more && size < lookAheadBytes; {
		select {
		case c := <-f.chunks:
			switch {
			case c.err == io.EOF:
				more = false
			case c.err != nil:
				return nil, false, c.err
			}
			inputs = append(inputs, c.inputs...)
			for _, in := range c.inputs {
				size += len(in)
			}
		case <-deadline.C:
			waiting = false
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
	}
	return inputs, more, nil
}

// holdUnlisted keeps members that are not in the list from being run.
func (f *feeder) holdUnlisted(ctx context.Context) error {
	for ids := range slices.Chunk(f.plan.unlisted(waitingStates), f.limit) {
		if _, err := f.q.Hold(ctx, ids...); err != nil {
			return err
		}
	}
	f.plan.held(waitingStates)
	return nil
}

// rest feeds what is still to be read, and says when there is no more.
func (f *feeder) rest(ctx context.Context, more bool) error {
	for more {
		select {
		case c := <-f.chunks:
			if c.err != nil && c.err != io.EOF {
				return c.err
			}
			if err := f.feed(ctx, c.inputs); err != nil {
				return err
			}
			more = c.err == nil
		case <-ctx.Done():
			return nil
		}
	}
	f.update(func(c *progress.Counts) { c.Reading = false })
	return nil
}

// decided is an input and what becomes of it.
type decided struct {
	input  string
	key    key
	index  int64
	action action
}

// decide decides about inputs, without doing anything yet.
func (f *feeder) decide(inputs []string) []decided {
	out := make([]decided, len(inputs))
	for i, in := range inputs {
		out[i].input = in
		out[i].key, out[i].index, out[i].action = f.plan.decide(in)
	}
	return out
}

func (f *feeder) feed(ctx context.Context, inputs []string) error {
	return f.apply(ctx, f.decide(inputs))
}

// apply does what was decided, in calls of bounded size. What will be run is counted
// and announced before it can start.
func (f *feeder) apply(ctx context.Context, items []decided) error {
	for part := range slices.Chunk(items, f.limit) {
		var jobs []queue.NewJob
		var released, retried, ended []store.ID
		var counts progress.Counts
		for _, d := range part {
			if d.action.runs() {
				counts.Total++
				f.printer.Expect(d.index)
			}
			switch d.action {
			case add:
				job, err := f.job(d)
				if err != nil {
					return err
				}
				jobs = append(jobs, job)
			case release:
				released = append(released, f.plan.batch.Base.Member(d.index))
			case retry:
				retried = append(retried, f.plan.batch.Base.Member(d.index))
			case skip:
				counts.Before++
			case leave:
				counts.Unmet++
			}
			if !d.action.runs() && f.log != nil && !f.log.Has(d.index+1) {
				ended = append(ended, f.plan.batch.Base.Member(d.index))
			}
		}
		f.update(func(c *progress.Counts) {
			c.Total += counts.Total
			c.Before += counts.Before
			c.Unmet += counts.Unmet
		})
		if err := f.store(ctx, jobs, released, retried); err != nil {
			return err
		}
		if err := f.recall(ctx, ended); err != nil {
			return err
		}
	}
	return nil
}

func (f *feeder) store(ctx context.Context, jobs []queue.NewJob, released, retried []store.ID) error {
	if len(jobs) > 0 {
		if _, err := f.q.Enqueue(ctx, jobs...); err != nil {
			return err
		}
	}
	if len(released) > 0 {
		if _, err := f.q.Release(ctx, released...); err != nil {
			return err
		}
	}
	if len(retried) > 0 {
		if _, err := f.q.Retry(ctx, retried...); err != nil {
			return err
		}
	}
	return nil
}

// job describes the job of a new input.
func (f *feeder) job(d decided) (queue.NewJob, error) {
	args, err := encode(&Args{Input: Text(d.input), Seq: d.index + 1})
	if err != nil {
		return queue.NewJob{}, fmt.Errorf("input %d cannot be stored: %w", d.index+1, err)
	}
	b := f.plan.batch
	recoveries := f.opts.MaxRecoveries
	if recoveries == 0 || f.opts.FailOnCrash {
		recoveries = -1
	}
	return queue.NewJob{
		ID: b.Base.Member(d.index), Queue: b.Queue, Kind: Kind, Args: args,
		MaxAttempts: f.opts.Retries + 1, MaxRecoveries: recoveries,
		Unique: queue.Unique{Key: d.key.unique(b.Name), Until: store.UntilDeleted},
		Batch:  b.Name, Index: d.index, Kept: true,
	}, nil
}
