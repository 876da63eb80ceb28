package main

import (
	"context"
	"path/filepath"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/store"
)

// bgq is measured through its public API, with no setting but the number of workers.
// Its jobs return a result, which is stored; those of the peers return nothing.
type bgq struct {
	c       *bgclient.Client
	task    *bgclient.Task[string, int]
	handler func()
}

func openBgq(_ context.Context, s site) (queue, error) {
	c, err := bgclient.Open(filepath.Join(s.dir, "bgq.db"), bgclient.WithWorkers(workers))
	if err != nil {
		return nil, err
	}
	task, err := bgclient.Register(c, "noop", func(context.Context, string) (int, error) {
		s.handler()
		return 0, nil
	})
	return &bgq{c, task, s.handler}, err
}

func (q *bgq) Enqueue(ctx context.Context, payload string) (func(context.Context) error, error) {
	inv, err := q.task.Invoke(ctx, payload)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		_, err := inv.Wait(ctx)
		return err
	}, nil
}

// EnqueueMany invokes in transactions of the caller, a thousand calls in each.
func (q *bgq) EnqueueMany(ctx context.Context, payloads []string) error {
	for chunk := range slices.Chunk(payloads, 1000) {
		err := q.c.Update(ctx, func(tx *bbolt.Tx) error {
			for _, p := range chunk {
				if _, err := q.task.InvokeTx(tx, p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (q *bgq) Start(ctx context.Context) error { return q.c.Start(ctx) }

// Batch is Parallelise.
func (q *bgq) Batch(ctx context.Context, n int) error {
	if err := q.Start(ctx); err != nil {
		return err
	}
	_, err := bgclient.Parallelise(ctx, q.c, "batch", n, func(context.Context, int) (int, error) {
		q.handler()
		return 0, nil
	}, bgclient.NumThreads(workers))
	return err
}

// Unfinished and Completed read the counters of the file, which move in the commit of the job.
func (q *bgq) Unfinished(ctx context.Context) (int, error) {
	all, err := q.count(ctx, store.Filter{})
	if err != nil {
		return 0, err
	}
	done, err := q.Completed(ctx)
	return all - done, err
}

func (q *bgq) Completed(ctx context.Context) (int, error) {
	return q.count(ctx, store.Filter{States: store.SetOf(store.Completed)})
}

func (q *bgq) count(ctx context.Context, f store.Filter) (int, error) {
	rows, err := q.c.Queue().Count(ctx, f)
	n := 0
	for _, r := range rows {
		n += int(r.N)
	}
	return n, err
}

func (q *bgq) Close() error { return q.c.Close(context.Background()) }
