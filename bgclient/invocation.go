package bgclient

import (
	"context"
	"fmt"

	"github.com/bgq-dev/bgq/store"
)

// Invocation is one call of a function in the background, the future of its result
// of type R. It holds no more than the id of the job: the truth is in the file.
type Invocation[R any] struct {
	c  *Client
	id store.ID
}

// Attach returns the invocation of the job with the given id, which may have been
// made by an earlier process. [ErrNotFound] if there is no such job. R must be the type
// of the result.
func Attach[R any](c *Client, id store.ID) (*Invocation[R], error) {
	return attach[R](context.Background(), c, id)
}

func attach[R any](ctx context.Context, c *Client, id store.ID) (*Invocation[R], error) {
	if _, err := c.q.Get(ctx, id, store.HeadOnly); err != nil {
		return nil, err
	}
	return &Invocation[R]{c: c, id: id}, nil
}

// ID returns the id by which the job can be found again, by [Attach] and by the command.
func (v *Invocation[R]) ID() store.ID { return v.id }

// Job reads the record of the job, with its failures.
func (v *Invocation[R]) Job(ctx context.Context) (*store.Job, error) {
	return v.c.q.Get(ctx, v.id, store.PartFailures)
}

// State reads the state of the job.
func (v *Invocation[R]) State() (store.State, error) {
	j, err := v.c.q.Get(context.Background(), v.id, store.HeadOnly)
	if err != nil {
		return 0, err
	}
	return j.State, nil
}

// IsRunning tells whether the job has not ended yet: it is true from the call
// until there is a result or a failure, also while the job waits for a worker
// or for another attempt. Where that cannot be read it is false, and Result says why.
func (v *Invocation[R]) IsRunning() bool {
	s, err := v.State()
	return err == nil && !s.Final()
}

// Result returns the result of a completed job. Before the end it is
// [ErrNotFinished]; a *[BgException] if the job failed for good, [ErrCancelled] if
// it was cancelled, [ErrNotFound] if it was pruned or deleted. Asking does not consume.
func (v *Invocation[R]) Result() (R, error) {
	var zero R
	j, err := v.c.q.Get(context.Background(), v.id, store.PartResult|store.PartFailures)
	if err != nil {
		return zero, err
	}
	return resultOf[R](v.c, j)
}

// resultOf reads the end of a job: it needs its result and its failures.
func resultOf[R any](c *Client, j *store.Job) (R, error) {
	var zero R
	switch j.State {
	case store.Completed:
		return decode[R](j.Result, "the stored result of job "+j.ID.String())
	case store.Cancelled:
		return zero, fmt.Errorf("job %s: %w", j.ID, ErrCancelled)
	case store.Discarded:
		return zero, newBgException(j, lastFailure(j), c.causes.get(j.Ref()))
	}
	return zero, fmt.Errorf("job %s is %s: %w", j.ID, j.State, ErrNotFinished)
}

// Wait waits until the job has ended, and returns what Result does then. If ctx
// ends first it returns the context's error, and the job goes on.
func (v *Invocation[R]) Wait(ctx context.Context) (R, error) {
	var zero R
	hints, stop := v.c.store.Watch(store.Topic{What: store.OnJob, ID: v.id})
	defer stop()
	for {
		j, err := v.c.q.Get(ctx, v.id, store.PartResult|store.PartFailures)
		if err != nil {
			return zero, err
		}
		// The state, not the error, tells the end: the error of a handler may itself match ErrNotFinished.
		if j.State.Final() {
			return resultOf[R](v.c, j)
		}
		select {
		case <-hints:
		case <-ctx.Done():
			return zero, context.Cause(ctx)
		case <-v.c.closed:
			return zero, fmt.Errorf("waiting for job %s: %w", v.id, ErrClosed)
		}
	}
}

// Cancel calls the job off, for good: it will not be tried again. If it runs, the
// context of its handler ends, and what the handler returns is dropped. It is false
// if the job had ended before.
func (v *Invocation[R]) Cancel(ctx context.Context) (bool, error) {
	changed, err := v.c.q.Cancel(ctx, "", v.id)
	if err != nil {
		return false, err
	}
	if len(changed.Missing) > 0 {
		return false, fmt.Errorf("job %s: %w", v.id, ErrNotFound)
	}
	if len(changed.Done) == 0 {
		return false, nil
	}
	v.c.forget(v.id)
	return true, nil
}
