package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/store"
)

var fileScenarios = []Scenario{
	{"open-clean", "open a file of 100,000 jobs that was closed well", "open the same file", milliseconds, valueAtMost(openGoal), openClean},
	{"open-killed", "open a file of 100,000 jobs whose writer was killed while it wrote", "open the same file", milliseconds, valueAtMost(killedGoal), openKilled},
	{"list-failed", "list the newest 50 failed ones of 100,000 jobs, with their failures", "read 50 records from the end", microseconds, nil, listFailed},
}

// How long opening may take, in milliseconds.
const (
	openGoal   = 1000
	killedGoal = 5000
)

// small is the file that is used where one with jobs in it is needed.
func (e *Env) small(ctx context.Context) (string, error) {
	return e.population(ctx, e.scaled(100_000, 1000))
}

func openClean(ctx context.Context, e *Env) (Result, error) {
	return e.opens(ctx, func(context.Context, string) error { return nil })
}

func openKilled(ctx context.Context, e *Env) (Result, error) {
	return e.opens(ctx, e.kill)
}

// opens measures how long it takes to open a file, after it was prepared.
func (e *Env) opens(ctx context.Context, prepare func(context.Context, string) error) (Result, error) {
	bgq := func(ctx context.Context, path string) (take, error) {
		if err := prepare(ctx, path); err != nil {
			return take{}, err
		}
		var c *bgclient.Client
		took, err := e.timed(func() (err error) {
			c, err = bgclient.Open(path)
			return err
		})
		if err != nil {
			return take{}, err
		}
		return take{n: 1, value: millis(took)}, c.Close(context.WithoutCancel(ctx))
	}
	raw := func(ctx context.Context, _ string) (take, error) {
		path, err := e.small(ctx)
		if err == nil {
			err = prepare(ctx, path)
		}
		if err != nil {
			return take{}, err
		}
		var db *bbolt.DB
		took, err := timedRaw(func() (err error) {
			db, err = bbolt.Open(path, 0o600, rawOptions())
			return err
		})
		if err != nil {
			return take{}, err
		}
		return take{n: 1, value: millis(took)}, db.Close()
	}
	return e.duel(ctx, duel{file: e.small, bgq: bgq, raw: raw})
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// listed is how many jobs are listed.
const listed = 50

func listFailed(ctx context.Context, e *Env) (Result, error) {
	w, err := e.weigh(ctx, noop(e.name(), smallArgs))
	if err != nil {
		return Result{}, err
	}
	n := e.scaled(1000, 10)
	request := store.ListRequest{
		Filter: store.Filter{States: store.SetOf(store.Discarded)}, Limit: listed, Parts: store.PartFailures,
	}
	return e.duel(ctx, duel{
		file: e.small,
		bgq: func(ctx context.Context, path string) (take, error) {
			return within(path, func(j *journal) (take, error) {
				var calls []time.Duration
				_, err := e.timed(func() (err error) {
					calls, err = clocked(ctx, n, func() error {
						page, err := j.queue.List(ctx, request)
						if err == nil && len(page.Jobs) == 0 {
							err = errors.New("no failed jobs are listed")
						}
						return err
					})
					return err
				})
				return typical(calls), err
			})
		},
		raw: func(ctx context.Context, path string) (take, error) {
			return withinRaw(path, func(r *raw) (take, error) {
				if _, err := r.step(w.enqueue).putNew(ctx, e.scaled(100_000, 1000), mostInBulk); err != nil {
					return take{}, err
				}
				calls, err := clocked(ctx, n, r.readLast)
				return typical(calls), err
			})
		},
	})
}

// clocked calls fn n times and returns how long each call took.
func clocked(ctx context.Context, n int, fn func() error) ([]time.Duration, error) {
	calls := make([]time.Duration, 0, n)
	for range n {
		began := time.Now()
		if err := errors.Join(ctx.Err(), fn()); err != nil {
			return calls, err
		}
		calls = append(calls, time.Since(began))
	}
	return calls, nil
}

// readLast copies the records at the end.
func (r *raw) readLast() error {
	return r.db.View(func(tx *bbolt.Tx) error {
		records := make([][]byte, 0, listed)
		c := tx.Bucket(rawBucket).Cursor()
		for k, v := c.Last(); k != nil && len(records) < listed; k, v = c.Prev() {
			records = append(records, append([]byte(nil), v...))
		}
		if len(records) < listed {
			return fmt.Errorf("there are only %d records", len(records))
		}
		return nil
	})
}
