package bench

import (
	"context"
	"errors"
	"time"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/store"
)

var clientScenarios = []Scenario{
	{"latency", "Invoke in an idle queue, until the handler starts", "two commits of a put", microseconds, ratioAtMost(latencyGoal), latency},
	{"round-trip", "Invoke in an idle queue, until Wait has the result", "two commits of a put", microseconds, nil, roundTrip},
}

// latencyGoal is how much longer the way to the handler may take than two commits.
const latencyGoal = 1.3

// pause lies between two calls, so that the queue is idle again; the other side pauses too.
const pause = time.Millisecond

func latency(ctx context.Context, e *Env) (Result, error) {
	return e.calls(ctx, func(began, started, _ time.Time) time.Duration { return started.Sub(began) })
}

func roundTrip(ctx context.Context, e *Env) (Result, error) {
	return e.calls(ctx, func(began, _, ended time.Time) time.Duration { return ended.Sub(began) })
}

// rawCommits is how many commits the other side makes for a call. bgq makes one until the handler starts,
// since the claim that waits is answered in the commit that stores the job, and one when it has ended.
const rawCommits = 2

// calls measures single calls, by the part of each that of picks.
func (e *Env) calls(ctx context.Context, of func(began, started, ended time.Time) time.Duration) (Result, error) {
	w, err := e.weigh(ctx, noop(e.name(), smallArgs))
	if err != nil {
		return Result{}, err
	}
	n := e.scaled(500, 20)
	return e.duel(ctx, duel{
		bgq: func(ctx context.Context, path string) (take, error) {
			return withinClient(ctx, path, func(c *bgclient.Client) (take, error) { return e.invoke(ctx, c, n, of) })
		},
		raw: func(ctx context.Context, path string) (take, error) {
			return withinRaw(path, func(r *raw) (take, error) { return e.series(ctx, r.step(w.enqueue), n) })
		},
	})
}

// withinClient opens the file with a client, lets fn use it, and closes it.
func withinClient(ctx context.Context, path string, fn func(c *bgclient.Client) (take, error)) (t take, err error) {
	c, err := bgclient.Open(path, bgclient.WithGrace(0))
	if err != nil {
		return take{}, err
	}
	t, err = fn(c)
	// An interrupt must not keep it from being closed: the file may be used again.
	return t, errors.Join(err, c.Close(context.WithoutCancel(ctx)))
}

// invoke makes n calls, one after the other.
func (e *Env) invoke(ctx context.Context, c *bgclient.Client, n int, of func(began, started, ended time.Time) time.Duration) (take, error) {
	started := make(chan time.Time, 1)
	handler := func(context.Context, []byte) (bgclient.None, error) {
		started <- time.Now()
		return bgclient.None{}, nil
	}
	task, err := bgclient.Register(c, kind, handler, bgclient.OnQueue(e.name()))
	if err != nil {
		return take{}, err
	}
	if err := c.Start(ctx); err != nil {
		return take{}, err
	}
	a := noise(smallArgs)
	call := func() (time.Duration, error) {
		began := time.Now()
		inv, err := task.Invoke(ctx, a)
		if err != nil {
			return 0, err
		}
		_, err = inv.Wait(ctx)
		ended := time.Now()
		if err != nil {
			return 0, err
		}
		return of(began, <-started, ended), nil
	}
	if _, err := call(); err != nil { // whatever is made once only
		return take{}, err
	}
	var took []time.Duration
	_, err = e.timed(func() error {
		took, err = repeat(ctx, n, call)
		return err
	})
	return typical(took), err
}

// series makes n times rawCommits commits, each of one put.
func (e *Env) series(ctx context.Context, put step, n int) (take, error) {
	var took []time.Duration
	_, err := timedRaw(func() (err error) {
		took, err = repeat(ctx, n, func() (time.Duration, error) {
			began := time.Now()
			for range rawCommits {
				if err := put(store.NewID()); err != nil {
					return 0, err
				}
			}
			return time.Since(began), nil
		})
		return err
	})
	return typical(took), err
}

// repeat calls fn n times, with a pause before each.
func repeat(ctx context.Context, n int, fn func() (time.Duration, error)) ([]time.Duration, error) {
	var all []time.Duration
	for range n {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return all, ctx.Err()
		}
		d, err := fn()
		if err != nil {
			return all, err
		}
		all = append(all, d)
	}
	return all, nil
}

// typical is a take whose value is the p50 of calls, in microseconds.
func typical(calls []time.Duration) take {
	if len(calls) == 0 {
		return take{}
	}
	return take{n: len(calls), value: micros(percentile(calls, 0.5)), calls: calls}
}
