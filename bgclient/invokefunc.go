package bgclient

import (
	"context"
	"errors"
	"fmt"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// closure is a function that only this process knows.
type closure func(ctx context.Context) (store.Value, error)

// InvokeFunc calls any function in the background, once. The call and its end are
// recorded like those of a task, but the function itself is not: if the
// process dies first, the job ends as a *[BgException] of kind crash. For work
// that must be done after a restart, [Register] the function.
func InvokeFunc[R any](ctx context.Context, c *Client, fn func(ctx context.Context) (R, error), options ...InvokeOption) (*Invocation[R], error) {
	if fn == nil {
		return nil, errors.New("InvokeFunc: the function is nil")
	}
	n := queue.NewJob{ID: store.NewID(), Kind: kindFunc, MaxAttempts: 1}
	for _, o := range options {
		if err := o.forInvoke(&n, nil); err != nil {
			return nil, fmt.Errorf("InvokeFunc: %w", err)
		}
	}
	if n.Queue == "" {
		n.Queue = kindFunc
	}
	added := c.remember(n.ID, func(ctx context.Context) (store.Value, error) {
		r, err := fn(ctx)
		if err != nil {
			return nil, err
		}
		return encodeResult(r)
	})
	stored, err := c.q.Enqueue(ctx, n)
	if err == nil && stored[0].ID == n.ID {
		return &Invocation[R]{caller: c, id: n.ID}, nil
	}
	if added && !errors.Is(err, store.ErrUnknown) {
		// It is not there, or another job holds its unique key.
		c.forget(n.ID)
	}
	if err != nil {
		return nil, err
	}
	return &Invocation[R]{caller: c, id: stored[0].ID}, nil
}

// remember keeps the function of a job until the job has ended. false: it has one,
// of an earlier call with the same id.
func (c *Client) remember(id store.ID, fn closure) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closures[id] != nil {
		return false
	}
	c.closures[id] = fn
	return true
}

// forget lets go of the function of a job, if the job has one.
func (c *Client) forget(id store.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.closures, id)
}

// runClosure is the handler of the kind.
func (c *Client) runClosure(ctx context.Context, job *store.Job) (store.Value, error) {
	c.mu.Lock()
	fn := c.closures[job.ID]
	c.mu.Unlock()
	if fn == nil {
		return nil, executor.Permanent(errors.New("the function of this job is gone: one that is passed to InvokeFunc is kept only until its job has ended; register it to make it restartable"))
	}
	return fn(ctx)
}
