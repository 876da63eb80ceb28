package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// counter tells when the handlers have run n times.
type counter struct {
	left atomic.Int64
	n    int
	zero chan struct{}
}

func newCounter(n int) *counter {
	c := &counter{n: n, zero: make(chan struct{})}
	c.left.Store(int64(n))
	return c
}

// add is the handler of a no-op job.
func (c *counter) add() {
	if c.left.Add(-1) == 0 {
		close(c.zero)
	}
}

// workOff starts the workers and waits until all jobs of the counter are recorded as done.
//
// The handlers tell that the last of them has run; only from then on is the
// store asked, once a millisecond, whether anything is left, so that asking costs no
// contestant anything while it works. In the end the store must have recorded a success for each job.
func workOff(ctx context.Context, q queue, done *counter) error {
	if err := q.Start(ctx); err != nil {
		return err
	}
	return recorded(ctx, q, done)
}

func recorded(ctx context.Context, q queue, done *counter) error {
	select {
	case <-done.zero:
	case <-ctx.Done():
		return fmt.Errorf("%d of %d jobs have not run: %w", done.left.Load(), done.n, context.Cause(ctx))
	}
	for {
		left, err := q.Unfinished(ctx)
		if err != nil {
			return err
		}
		if left == 0 {
			return nil
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("%d jobs ran but are not recorded as done: %w", left, err)
		}
	}
}

// verify checks, outside of the time, that every job is there and succeeded.
func verify(ctx context.Context, q queue, n int) error {
	done, err := q.Completed(ctx)
	if err != nil {
		return err
	}
	if done != n {
		return fmt.Errorf("%d jobs are recorded as completed, not %d", done, n)
	}
	return nil
}

// runWork measures how fast stored jobs are worked off.
func runWork(ctx context.Context, t *trial) (result, error) {
	n := t.jobs(1)
	done := newCounter(n)
	q, err := t.open(ctx, done.add)
	if err != nil {
		return result{}, err
	}
	defer q.Close()
	if err := q.EnqueueMany(ctx, payloads(n)); err != nil {
		return result{}, err
	}
	settle()
	began := time.Now()
	if err := workOff(ctx, q, done); err != nil {
		return result{}, err
	}
	elapsed := time.Since(began)
	if err := verify(ctx, q, n); err != nil {
		return result{}, err
	}
	return result{n, []figure{{"throughput", "jobs/s", float64(n) / elapsed.Seconds(), true}}}, nil
}

// batcher is a queue with a function of its own for a batch, which runs the handler n
// times and returns when all of that is recorded.
type batcher interface {
	Batch(ctx context.Context, n int) error
}

// runBatch measures a batch from nothing to its end. Where there is no such thing, the
// workers are started and many jobs enqueued.
func runBatch(ctx context.Context, t *trial) (result, error) {
	n := t.jobs(1)
	done := newCounter(n)
	q, err := t.open(ctx, done.add)
	if err != nil {
		return result{}, err
	}
	defer q.Close()
	began := time.Now()
	if b, ok := q.(batcher); ok {
		err = b.Batch(ctx, n)
	} else if err = q.Start(ctx); err == nil {
		if err = q.EnqueueMany(ctx, payloads(n)); err == nil {
			err = recorded(ctx, q, done)
		}
	}
	if err != nil {
		return result{}, err
	}
	elapsed := time.Since(began)
	if err := verify(ctx, q, n); err != nil {
		return result{}, err
	}
	return result{n, []figure{{"throughput", "items/s", float64(n) / elapsed.Seconds(), true}}}, nil
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
