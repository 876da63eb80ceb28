package main

import (
	"context"
	"time"
)

// runIdle measures one job after the other in a queue that has nothing else to do: the
// time until its handler starts, and until the caller knows that it is done.
func runIdle(ctx context.Context, t *trial) (result, error) {
	started := make(chan time.Time, 1)
	q, err := t.open(ctx, func() { started <- time.Now() })
	if err != nil {
		return result{}, err
	}
	defer q.Close()
	if err := q.Start(ctx); err != nil {
		return result{}, err
	}
	var toStart, toDone []time.Duration
	// The first ones are not counted: servers elect leaders and caches are cold.
	for first, began := -5, time.Now(); len(toStart) < t.size().Samples || time.Since(began) < t.size().Span; first++ {
		if err := pause(ctx, 5*time.Millisecond); err != nil { // let it fall idle
			return result{}, err
		}
		called := time.Now()
		done, err := q.Enqueue(ctx, "a small payload")
		if err != nil {
			return result{}, err
		}
		var start time.Time
		select {
		case start = <-started:
		case <-ctx.Done():
			return result{}, context.Cause(ctx)
		}
		if err := done(ctx); err != nil {
			return result{}, err
		}
		if end := time.Now(); first >= 0 {
			toStart = append(toStart, start.Sub(called))
			toDone = append(toDone, end.Sub(called))
		}
	}
	return result{len(toStart), []figure{
		{"start p50", "µs", micros(quantile(toStart, 0.5)), true},
		{"start p99", "µs", micros(quantile(toStart, 0.99)), false},
		{"done p50", "µs", micros(quantile(toDone, 0.5)), true},
		{"done p99", "µs", micros(quantile(toDone, 0.99)), false},
	}}, nil
}
