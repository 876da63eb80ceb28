package bgclient

import (
	"context"
	"fmt"

	"github.com/bgq-dev/bgq/store"
)

// Invocation is one call of a function in the background, the future of its result
// of type R. It holds no more than the id of the job: the truth is in the file.
type Invocation[R any] struct {
	caller Caller
	id     store.ID
}

// Attach returns the invocation of the job with the given id, which may have been
// made by an earlier process. [ErrNotFound] if there is no such job. R must be the type
// of the result.
func Attach[R any](c Caller, id store.ID) (*Invocation[R], error) {
	return attach[R](context.Background(), c, id)
}

func attach[R any](ctx context.Context, c Caller, id store.ID) (*Invocation[R], error) {
	if _, err := c.get(ctx, id, store.HeadOnly); err != nil {
		return nil, err
	}
	return &Invocation[R]{caller: c, id: id}, nil
}

// ID returns the id by which the job can be found again, by [Attach] and by the command.
func (v *Invocation[R]) ID() store.ID { return v.id }

// Job reads the record of the job, with its failures.
func (v *Invocation[R]) Job(ctx context.Context) (*store.Job, error) {
	return v.caller.get(ctx, v.id, store.PartFailures)
}

// State reads the state of the job.
func (v *Invocation[R]) State() (store.State, error) {
	j, err := v.caller.get(context.Background(), v.id, store.HeadOnly)
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
	j, err := v.caller.get(context.Background(), v.id, outcomeParts)
	if err != nil {
		return zero, err
	}
	return resultOf[R](v.caller, j)
}

// resultOf reads the end of a job: it needs its result and its failures.
func resultOf[R any](c Caller, j *store.Job) (R, error) {
	var zero R
	switch j.State {
	case store.Completed:
		return decode[R](j.Result, "the stored result of job "+j.ID.String())
	case store.Cancelled:
		return zero, fmt.Errorf("job %s: %w", j.ID, ErrCancelled)
	case store.Discarded:
		return zero, newBgException(j, lastFailure(j), c.cause(j.Ref()))
	}
	return zero, fmt.Errorf("job %s is %s: %w", j.ID, j.State, ErrNotFinished)
}

// Wait waits until the job has ended, and returns what Result does then. If ctx
// ends first it returns the context's error, and the job goes on.
func (v *Invocation[R]) Wait(ctx context.Context) (R, error) {
	j, err := v.caller.wait(ctx, v.id)
	if err != nil {
		var zero R
		return zero, err
	}
	return resultOf[R](v.caller, j)
}

// Cancel calls the job off, for good: it will not be tried again. If it runs, the
// context of its handler ends, and what the handler returns is dropped. It is false
// if the job had ended before.
func (v *Invocation[R]) Cancel(ctx context.Context) (bool, error) {
	return v.caller.cancel(ctx, v.id)
}
