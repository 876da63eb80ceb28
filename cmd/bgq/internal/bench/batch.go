package bench

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

var batchScenarios = []Scenario{
	{"parallelise", "Parallelise a million items that do nothing, 16 at once", "put each record, rewrite it twice, in commits of 256", itemsPerSecond, nil, parallelise},
	{"resume", "Parallelise a million items of which 90 % are done", "read these, put and rewrite the rest", seconds, nil, resume},
}

// member returns a job like the items of a batch.
func (e *Env) member() queue.NewJob {
	name := e.name()
	return queue.NewJob{Queue: queue.BatchQueue(name), Kind: "parallelise", Batch: name, Kept: true, MaxAttempts: 1}
}

// items is the size of the batch.
func (e *Env) items() int { return e.scaled(1_000_000, 500) }

func parallelise(ctx context.Context, e *Env) (Result, error) {
	w, err := e.weigh(ctx, e.member())
	if err != nil {
		return Result{}, err
	}
	n := e.items()
	return e.duel(ctx, duel{
		bgq: func(ctx context.Context, path string) (take, error) {
			return withinClient(ctx, path, func(c *bgclient.Client) (take, error) {
				before, err := readLedger(ctx, c)
				if err != nil {
					return take{}, err
				}
				name := e.name()
				took, err := e.timed(func() error {
					return errors.Join(c.Start(ctx), squares(ctx, c, name, n))
				})
				t := rate(n, took)
				t.figures = map[string]float64{}
				return t, errors.Join(err, before.perJob(ctx, c, n, t.figures))
			})
		},
		raw: func(ctx context.Context, path string) (take, error) {
			return withinRaw(path, func(r *raw) (take, error) {
				took, err := putAndRewrite(ctx, r.floor(w), n)
				return rate(n, took), err
			})
		},
	})
}

// squares is a batch of n items.
func squares(ctx context.Context, c *bgclient.Client, name string, n int, options ...bgclient.BatchOption) error {
	_, err := bgclient.Parallelise(ctx, c, name, n, func(_ context.Context, i int) (int, error) { return i * i, nil },
		append(options, bgclient.NumThreads(workers))...)
	return err
}

// putAndRewrite does what n jobs cost, and returns how long that took.
func putAndRewrite(ctx context.Context, f floor, n int) (time.Duration, error) {
	var ids []store.ID
	putting, err := timedRaw(func() (err error) {
		ids, err = f.enqueue.putNew(ctx, n, rawGroup)
		return err
	})
	if err != nil {
		return 0, err
	}
	_, rewriting, err := f.claimAndFinish(ctx, ids, rawGroup)
	return putting + rewriting, err
}

func resume(ctx context.Context, e *Env) (Result, error) {
	w, err := e.weigh(ctx, e.member())
	if err != nil {
		return Result{}, err
	}
	n := e.items()
	done := n / 10 * 9
	name := e.name()
	half := e.path() // ninety percent, to be exact
	defer os.Remove(half)
	e.say("resume: making the batch of which 90 %% is done")
	if _, err := withinClient(ctx, half, func(c *bgclient.Client) (take, error) {
		return take{}, errors.Join(c.Start(ctx), squaresUntil(ctx, c, name, n, done))
	}); err != nil {
		return Result{}, err
	}
	rest := e.path()
	defer os.Remove(rest)
	if _, err := withinRaw(rest, func(r *raw) (take, error) {
		_, err := r.step(w.finish).putNew(ctx, done, mostInBulk)
		return take{}, err
	}); err != nil {
		return Result{}, err
	}
	return e.duel(ctx, duel{
		lone: true,
		bgq: func(ctx context.Context, path string) (take, error) {
			if err := copyFile(path, half); err != nil {
				return take{}, err
			}
			return withinClient(ctx, path, func(c *bgclient.Client) (take, error) {
				took, err := e.timed(func() error {
					return errors.Join(c.Start(ctx), squares(ctx, c, name, n))
				})
				return take{n: n - done, value: took.Seconds()}, err
			})
		},
		raw: func(ctx context.Context, path string) (take, error) {
			if err := copyFile(path, rest); err != nil {
				return take{}, err
			}
			return withinRaw(path, func(r *raw) (take, error) {
				reading, err := timedRaw(r.readAll)
				if err != nil {
					return take{}, err
				}
				took, err := putAndRewrite(ctx, r.floor(w), n-done)
				return take{n: n - done, value: (reading + took).Seconds()}, err
			})
		},
	})
}

// errEnough ends a batch that is to be resumed.
var errEnough = errors.New("enough is done")

// squaresUntil runs a batch until done of its items are.
func squaresUntil(ctx context.Context, c *bgclient.Client, name string, n, done int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := squares(ctx, c, name, n, bgclient.OnProgress(func(p bgclient.Progress) {
		if p.Done >= done {
			cancel(errEnough)
		}
	}))
	if context.Cause(ctx) == errEnough {
		return nil // whichever error the end of the context has led to
	}
	return err
}

// readAll reads every record.
func (r *raw) readAll() error {
	return r.db.View(func(tx *bbolt.Tx) error {
		sum := 0
		err := tx.Bucket(rawBucket).ForEach(func(k, v []byte) error {
			sum += len(k) + int(v[len(v)-1])
			return nil
		})
		if sum == 0 {
			return errors.Join(err, errors.New("there is nothing to read"))
		}
		return err
	})
}

func copyFile(to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	// Synced here, so that the first commit does not pay for it.
	return errors.Join(err, dst.Sync(), dst.Close())
}
