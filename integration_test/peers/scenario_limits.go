package main

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// runLimits measures what no durable queue on this disk can beat, one write after the other: a page
// appended or overwritten and synced, and a commit of one put in bbolt.
func runLimits(ctx context.Context, t *trial) (result, error) {
	write, end, err := limit(ctx, t)
	if err != nil {
		return result{}, err
	}
	defer end()
	var took []time.Duration
	began := time.Now()
	for time.Since(began) < t.size().Span {
		start := time.Now()
		if err := write(); err != nil {
			return result{}, err
		}
		took = append(took, time.Since(start))
	}
	return result{len(took), []figure{
		{"rate", "writes/s", float64(len(took)) / time.Since(began).Seconds(), false},
		{"p50", "µs", micros(quantile(took, 0.5)), false},
		{"p99", "µs", micros(quantile(took, 0.99)), false},
	}}, nil
}

// limit returns the durable write of a contestant, and how to end.
func limit(ctx context.Context, t *trial) (write, end func() error, err error) {
	if t.Contestant == "raw-bbolt" {
		q, err := t.open(ctx, nil)
		if err != nil {
			return nil, nil, err
		}
		return func() error {
			_, err := q.Enqueue(ctx, "a small payload")
			return err
		}, q.Close, nil
	}
	f, err := os.Create(filepath.Join(t.Dir, "pages"))
	if err != nil {
		return nil, nil, err
	}
	const pages = 256 // of the file that is overwritten
	page := make([]byte, 4096)
	at := int64(0)
	if t.Contestant == "overwrite-4k" {
		if _, err := f.Write(make([]byte, pages*len(page))); err != nil {
			return nil, nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, nil, err
		}
	}
	return func() error {
		page[0]++
		offset := at
		if t.Contestant == "overwrite-4k" {
			offset = at % pages
		}
		at++
		if _, err := f.WriteAt(page, offset*int64(len(page))); err != nil {
			return err
		}
		return f.Sync()
	}, f.Close, nil
}
