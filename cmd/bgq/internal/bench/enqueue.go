package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// smallArgs is the size of arguments where it does not matter.
const smallArgs = 100

var enqueueScenarios = []Scenario{
	{"enqueue-1", "one producer enqueues one job after the other", "commits of a put", jobsPerSecond, ratioAtLeast(enqueueGoal), enqueue(1, smallArgs)},
	{"enqueue-16", "16 producers enqueue one job after the other", "commits of 16 puts", jobsPerSecond, ratioAtLeast(enqueueGoal), enqueue(16, smallArgs)},
	{"enqueue-256", "256 producers enqueue one job after the other", "commits of 256 puts", jobsPerSecond, ratioAtLeast(enqueueGoal), enqueue(256, smallArgs)},
	{"enqueue-bulk", "enqueue 10,000 jobs in each call", "commits of 10,000 puts", jobsPerSecond, nil, enqueueBulk},
}

var argsScenarios = []Scenario{
	{"args-1k", "16 producers enqueue jobs with arguments of 1 KB", "commits of 16 puts", jobsPerSecond, nil, enqueue(16, 1000)},
	{"args-64k", "16 producers enqueue jobs with arguments of 64 KB", "commits of 16 puts", jobsPerSecond, nil, enqueue(16, 64_000)},
	{"args-1m", "16 producers enqueue jobs with arguments of 1 MB", "commits of 16 puts", jobsPerSecond, nil, enqueue(16, 1_000_000)},
}

// enqueueGoal is how much of raw bbolt one-at-a-time enqueue should reach.
const enqueueGoal = 0.75

// enqueue measures jobs stored one at a time by so many producers.
func enqueue(producers, size int) func(context.Context, *Env) (Result, error) {
	return func(ctx context.Context, e *Env) (Result, error) {
		w, err := e.weigh(ctx, noop(e.name(), size))
		if err != nil {
			return Result{}, err
		}
		// Large arguments would fill the disk in the time that small ones need to be measured.
		most := e.scaled(200_000_000, 2*producers*size) / size
		d := duel{bgq: func(ctx context.Context, path string) (take, error) {
			return within(path, func(j *journal) (take, error) { return e.produce(ctx, j, producers, most, noop(e.name(), size)) })
		}}
		d.raw, d.same = w.onBoth(func(ctx context.Context, f floor) (take, error) { return e.commits(ctx, f.enqueue, producers, most) })
		return e.duel(ctx, d)
	}
}

// produce lets producers enqueue one job after the other for a while, but not more than most jobs.
func (e *Env) produce(ctx context.Context, j *journal, producers, most int, job queue.NewJob) (take, error) {
	before, err := readLedger(ctx, j.store)
	if err != nil {
		return take{}, err
	}
	calls := make([][]time.Duration, producers)
	errs := make([]error, producers)
	var left atomic.Int64
	left.Store(int64(most))
	end := e.span()
	took, err := e.timed(func() error {
		began := time.Now()
		var wg sync.WaitGroup
		for p := range producers {
			wg.Go(func() {
				for now := time.Now(); now.Sub(began) < end && left.Add(-1) >= 0; {
					if _, errs[p] = j.queue.Enqueue(ctx, job); errs[p] != nil {
						return
					}
					then := time.Now()
					calls[p] = append(calls[p], then.Sub(now))
					now = then
				}
			})
		}
		wg.Wait()
		return errors.Join(errs...)
	})
	if err != nil {
		return take{}, err
	}
	var all []time.Duration
	for _, c := range calls {
		all = append(all, c...)
	}
	t := rate(len(all), took)
	t.calls, t.figures = all, map[string]float64{}
	return t, before.perJob(ctx, j.store, t.n, t.figures)
}

// commits enqueues group jobs in each commit for a while, but not more than most.
func (e *Env) commits(ctx context.Context, put step, group, most int) (take, error) {
	ids := make([]store.ID, group)
	var calls []time.Duration
	n, end := 0, e.span()
	took, err := timedRaw(func() error {
		began := time.Now()
		for now := began; now.Sub(began) < end && n < most; {
			for i := range ids {
				ids[i] = store.NewID()
			}
			if err := errors.Join(ctx.Err(), put(ids...)); err != nil {
				return err
			}
			n += group
			then := time.Now()
			calls = append(calls, then.Sub(now))
			now = then
		}
		return nil
	})
	t := rate(n, took)
	t.calls = calls
	return t, err
}

// enqueueBulk measures jobs stored many in a call.
func enqueueBulk(ctx context.Context, e *Env) (Result, error) {
	w, err := e.weigh(ctx, noop(e.name(), smallArgs))
	if err != nil {
		return Result{}, err
	}
	size := e.scaled(mostInBulk, 1000)
	d := duel{bgq: func(ctx context.Context, path string) (take, error) {
		return within(path, func(j *journal) (take, error) { return e.bulk(ctx, j, size) })
	}}
	d.raw, d.same = w.onBoth(func(ctx context.Context, f floor) (take, error) { return e.commits(ctx, f.enqueue, size, 1<<30) })
	return e.duel(ctx, d)
}

// bulk enqueues calls of size jobs for a while.
func (e *Env) bulk(ctx context.Context, j *journal, size int) (take, error) {
	before, err := readLedger(ctx, j.store)
	if err != nil {
		return take{}, err
	}
	job := noop(e.name(), smallArgs)
	n, end := 0, e.span()
	took, err := e.timed(func() error {
		for began := time.Now(); time.Since(began) < end; n += size {
			if err := j.fill(ctx, job, size); err != nil {
				return err
			}
		}
		return nil
	})
	t := rate(n, took)
	t.figures = map[string]float64{}
	return t, errors.Join(err, before.perJob(ctx, j.store, n, t.figures))
}
