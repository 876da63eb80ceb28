package bgclient

import (
	"context"
	"fmt"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// Caller is where calls go: a [*Client], which has the file open, or a [*Remote], which
// asks the program that has.
type Caller interface {
	// enqueue stores a job, and returns the id of the one that is stored now.
	enqueue(ctx context.Context, n queue.NewJob) (store.ID, error)
	// get reads a job with the given parts; wait does so when it has ended, with its result and failures.
	get(ctx context.Context, id store.ID, parts store.Parts) (*store.Job, error)
	wait(ctx context.Context, id store.ID) (*store.Job, error)
	// call off a job; false: it had ended before.
	cancel(ctx context.Context, id store.ID) (bool, error)
	// cause returns the live error behind the failure of an attempt, or nil.
	cause(ref store.Ref) error
}

// outcomeParts are what the end of a job is read from.
const outcomeParts = store.PartResult | store.PartFailures

func (c *Client) enqueue(ctx context.Context, n queue.NewJob) (store.ID, error) {
	stored, err := c.q.Enqueue(ctx, n)
	if err != nil {
		return store.ID{}, err
	}
	return stored[0].ID, nil
}

func (c *Client) get(ctx context.Context, id store.ID, parts store.Parts) (*store.Job, error) {
	return c.q.Get(ctx, id, parts)
}

func (c *Client) wait(ctx context.Context, id store.ID) (*store.Job, error) {
	hints, stop := c.store.Watch(store.Topic{What: store.OnJob, ID: id})
	defer stop()
	for {
		j, err := c.q.Get(ctx, id, outcomeParts)
		if err != nil || j.State.Final() {
			return j, err
		}
		select {
		case <-hints:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-c.closed:
			return nil, fmt.Errorf("waiting for job %s: %w", id, ErrClosed)
		}
	}
}

func (c *Client) cancel(ctx context.Context, id store.ID) (bool, error) {
	changed, err := c.q.Cancel(ctx, "", id)
	switch {
	case err != nil:
		return false, err
	case len(changed.Missing) > 0:
		return false, fmt.Errorf("job %s: %w", id, ErrNotFound)
	case len(changed.Done) == 0:
		return false, nil
	}
	c.forget(id)
	return true, nil
}

func (c *Client) cause(ref store.Ref) error { return c.causes.get(ref) }
