package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// enqueueBy measures producers that enqueue one job after the other, each on its own.
// The first tenth of the time is not counted: connections and files grow in it.
func enqueueBy(producers int) func(context.Context, *trial) (result, error) {
	return func(ctx context.Context, t *trial) (result, error) {
		q, err := t.open(ctx, nil)
		if err != nil {
			return result{}, err
		}
		defer q.Close()
		span := t.size().Span
		if _, _, err := produce(ctx, q, producers, span/10); err != nil {
			return result{}, err
		}
		took, elapsed, err := produce(ctx, q, producers, span)
		if err != nil {
			return result{}, err
		}
		return result{len(took), []figure{
			{"throughput", "jobs/s", float64(len(took)) / elapsed.Seconds(), true},
			{"p50", "µs", micros(quantile(took, 0.5)), false},
			{"p99", "µs", micros(quantile(took, 0.99)), false},
		}}, nil
	}
}

// produce lets producers enqueue for the span. It returns how long each job took, and the time
// until the last producer had returned.
func produce(ctx context.Context, q queue, producers int, span time.Duration) ([]time.Duration, time.Duration, error) {
	began := time.Now()
	took := make([][]time.Duration, producers)
	err := together(producers, func(p int) error {
		for {
			start := time.Now()
			if start.Sub(began) >= span && len(took[p]) > 0 {
				return nil
			}
			if _, err := q.Enqueue(ctx, "a small payload"); err != nil {
				return err
			}
			took[p] = append(took[p], time.Since(start))
		}
	})
	elapsed := time.Since(began)
	return slices.Concat(took...), elapsed, err
}

// runBulk measures EnqueueMany.
func runBulk(ctx context.Context, t *trial) (result, error) {
	q, err := t.open(ctx, nil)
	if err != nil {
		return result{}, err
	}
	defer q.Close()
	n := t.size().Jobs
	began := time.Now()
	if err := q.EnqueueMany(ctx, payloads(n)); err != nil {
		return result{}, err
	}
	elapsed := time.Since(began)
	if left, err := q.Unfinished(ctx); err != nil || left != n {
		return result{}, fmt.Errorf("%d of %d jobs are stored (%v)", left, n, err)
	}
	return result{n, []figure{{"throughput", "jobs/s", float64(n) / elapsed.Seconds(), true}}}, nil
}

// withArgs measures jobs with large arguments: a fixed number of them, the number of the size by part.
func withArgs(bytes, part int) func(context.Context, *trial) (result, error) {
	const producers = 16
	return func(ctx context.Context, t *trial) (result, error) {
		n := t.jobs(part)
		done := newCounter(n)
		q, err := t.open(ctx, done.add)
		if err != nil {
			return result{}, err
		}
		defer q.Close()
		payload := randomText(bytes)
		began := time.Now()
		err = together(producers, func(p int) error {
			for range n/producers + min(1, max(0, n%producers-p)) {
				if _, err := q.Enqueue(ctx, payload); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return result{}, err
		}
		enqueued := time.Since(began)
		began = time.Now()
		if err := workOff(ctx, q, done); err != nil {
			return result{}, err
		}
		return result{n, []figure{
			{"enqueue", "jobs/s", float64(n) / enqueued.Seconds(), true},
			{"work", "jobs/s", float64(n) / time.Since(began).Seconds(), true},
		}}, nil
	}
}

func payloads(n int) []string {
	p := make([]string, n)
	for i := range p {
		p[i] = fmt.Sprintf("payload %07d", i)
	}
	return p
}

// randomText is text that needs no escaping anywhere and cannot be compressed much, so
// that nobody gains or loses by his encoding.
func randomText(n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

// together calls fn n times at once and returns the first error.
func together(n int, fn func(i int) error) error {
	var group sync.WaitGroup
	errs := make(chan error, n)
	for i := range n {
		group.Go(func() {
			if err := fn(i); err != nil {
				errs <- err
			}
		})
	}
	group.Wait()
	close(errs)
	return <-errs
}

// quantile returns the value below which the part q of the values lies.
func quantile(values []time.Duration, q float64) time.Duration {
	slices.Sort(values)
	return values[min(len(values)-1, int(q*float64(len(values))))]
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
