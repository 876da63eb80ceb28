package bench

import (
	"context"
	"errors"
	"time"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

var workScenarios = []Scenario{
	{"claim-finish-1", "claim a job and finish it", "two commits that rewrite its record", jobsPerSecond, ratioAtLeast(workGoal), claimFinish(1, 5000)},
	{"claim-finish-16", "claim 16 jobs in a call and finish them in another", "two commits that rewrite 16 records", jobsPerSecond, ratioAtLeast(workGoal), claimFinish(16, 40_000)},
	{"claim-finish-256", "claim 256 jobs in a call and finish them in another", "two commits that rewrite 256 records", jobsPerSecond, ratioAtLeast(workGoal), claimFinish(256, 100_000)},
	{"work", "16 workers run 100,000 stored jobs that do nothing, until all are recorded", "rewrite each record twice, in commits of 256", jobsPerSecond, ratioAtLeast(workGoal), work},
}

// workGoal is how much of raw bbolt claiming and finishing should reach.
const workGoal = 0.6

// claimFinish measures jobs claimed and finished group at a time. It has up to n jobs at full scale.
func claimFinish(group, n int) func(context.Context, *Env) (Result, error) {
	return func(ctx context.Context, e *Env) (Result, error) {
		w, err := e.weigh(ctx, noop(e.name(), smallArgs))
		if err != nil {
			return Result{}, err
		}
		n := e.scaled(n, 2*group)
		d := duel{bgq: func(ctx context.Context, path string) (take, error) {
			return within(path, func(j *journal) (take, error) { return e.drain(ctx, j, n, group) })
		}}
		d.raw, d.same = w.onBoth(func(ctx context.Context, f floor) (take, error) { return f.drain(ctx, n, group) })
		return e.duel(ctx, d)
	}
}

// drain stores n jobs and measures how fast they are claimed and finished.
func (e *Env) drain(ctx context.Context, j *journal, n, group int) (take, error) {
	name := e.name()
	if err := j.fill(ctx, noop(name, smallArgs), n); err != nil {
		return take{}, err
	}
	before, err := readLedger(ctx, j.store)
	if err != nil {
		return take{}, err
	}
	var t take
	took, err := e.timed(func() (err error) {
		t.n, t.calls, err = j.process(ctx, name, n, group, succeeded)
		return err
	})
	t.value, t.figures = rate(t.n, took).value, map[string]float64{}
	return t, errors.Join(err, before.perJob(ctx, j.store, t.n, t.figures))
}

// drain stores n jobs and measures how fast they are claimed and finished.
func (f floor) drain(ctx context.Context, n, group int) (take, error) {
	ids, err := f.enqueue.putNew(ctx, n, mostInBulk)
	if err != nil {
		return take{}, err
	}
	calls, took, err := f.claimAndFinish(ctx, ids, group)
	t := rate(n, took)
	t.calls = calls
	return t, err
}

// claimAndFinish claims and finishes jobs, group in a commit.
func (f floor) claimAndFinish(ctx context.Context, ids []store.ID, group int) (calls []time.Duration, took time.Duration, err error) {
	took, err = timedRaw(func() error {
		for i := 0; i < len(ids); i += group {
			part := ids[i:min(i+group, len(ids))]
			began := time.Now()
			if err := errors.Join(ctx.Err(), f.claim(part...), f.finish(part...)); err != nil {
				return err
			}
			calls = append(calls, time.Since(began))
		}
		return nil
	})
	return calls, took, err
}

const (
	// workers is how many handlers run at once.
	workers = 16
	// rawGroup is the size of commits on the other side where bgq makes its commits as
	// large as what has come up meanwhile.
	rawGroup = 256
)

// work measures the executor.
func work(ctx context.Context, e *Env) (Result, error) {
	w, err := e.weigh(ctx, noop(e.name(), smallArgs))
	if err != nil {
		return Result{}, err
	}
	n := e.scaled(100_000, 500)
	d := duel{bgq: func(ctx context.Context, path string) (take, error) {
		return within(path, func(j *journal) (take, error) { return e.execute(ctx, j, n) })
	}}
	d.raw, d.same = w.onBoth(func(ctx context.Context, f floor) (take, error) { return f.drain(ctx, n, rawGroup) })
	return e.duel(ctx, d)
}

// execute stores n jobs and measures how long an executor needs for them, from its
// start until the last is recorded as done.
func (e *Env) execute(ctx context.Context, j *journal, n int) (take, error) {
	name := e.name()
	if err := j.fill(ctx, noop(name, smallArgs), n); err != nil {
		return take{}, err
	}
	recorded, last := 0, make(chan struct{})
	x, err := executor.New(j.queue, executor.Config{Finished: func(*store.Job, queue.Attempt, bool) {
		if recorded++; recorded == n {
			close(last)
		}
	}})
	if err != nil {
		return take{}, err
	}
	handler := func(context.Context, *store.Job) (store.Value, error) { return succeeded.Result, nil }
	if err := errors.Join(x.Handle(kind, handler, executor.HandlerOptions{}), x.Serve(name, workers)); err != nil {
		return take{}, err
	}
	before, err := readLedger(ctx, j.store)
	if err != nil {
		return take{}, err
	}
	took, err := e.timed(func() error {
		if err := x.Start(ctx); err != nil {
			return err
		}
		select {
		case <-last:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	// An interrupt must not keep it from being stopped: the store is closed next.
	err = errors.Join(err, x.Stop(context.WithoutCancel(ctx)))
	t := rate(n, took)
	t.figures = map[string]float64{}
	if err == nil {
		err = before.perJob(ctx, j.store, n, t.figures)
	}
	return t, err
}
