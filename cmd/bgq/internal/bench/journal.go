package bench

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// journal is an open file of bgq.
type journal struct {
	store *boltstore.Store
	queue *queue.Queue
}

// within opens the file at path, lets fn use it, and closes it.
func within(path string, fn func(j *journal) (take, error)) (t take, err error) {
	j, err := openJournal(path)
	if err != nil {
		return take{}, err
	}
	t, err = fn(j)
	return t, errors.Join(err, j.store.Close())
}

func openJournal(path string) (*journal, error) {
	s, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		return nil, err
	}
	q, err := queue.New(s, queue.Config{})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &journal{s, q}, nil
}

// kind is the kind of all jobs that do nothing.
const kind = "noop"

// mostInBulk is how many jobs go into one call where a call takes many.
const mostInBulk = 10_000

// fill stores n jobs that are alike, many in a call.
func (j *journal) fill(ctx context.Context, job queue.NewJob, n int) error {
	jobs := slices.Repeat([]queue.NewJob{job}, min(n, mostInBulk))
	for n > 0 {
		part := jobs[:min(n, len(jobs))]
		if _, err := j.queue.Enqueue(ctx, part...); err != nil {
			return err
		}
		n -= len(part)
	}
	return nil
}

// process claims and finishes up to n jobs of a queue, group at a time, all alike,
// and returns how many there were and how long each group took.
func (j *journal) process(ctx context.Context, queueName string, n, group int, how queue.Attempt) (done int, calls []time.Duration, err error) {
	attempts := make([]queue.Attempt, 0, group)
	for done < n {
		began := time.Now()
		got, err := j.queue.Claim(ctx, queue.ClaimRequest{Want: []store.Want{{Queue: queueName, N: min(group, n-done)}}})
		if err != nil || len(got.Jobs) == 0 {
			return done, calls, err
		}
		attempts = attempts[:0]
		for i := range got.Jobs {
			a := how
			a.Job = &got.Jobs[i]
			attempts = append(attempts, a)
		}
		if _, err := j.queue.Finish(ctx, attempts...); err != nil {
			return done, calls, err
		}
		done += len(got.Jobs)
		calls = append(calls, time.Since(began))
	}
	return done, calls, nil
}

// succeeded is an attempt that returned nil.
var succeeded = queue.Attempt{Verdict: queue.Succeeded, Result: store.Value{0xc0}}
