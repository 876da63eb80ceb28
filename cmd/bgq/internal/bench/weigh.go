package bench

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// weight is what bgq puts and deletes in its file for a job, step by step.
type weight struct{ enqueue, claim, finish moves }

// noop returns a job that does nothing, with arguments of size bytes.
func noop(queueName string, size int) queue.NewJob {
	return queue.NewJob{Queue: queueName, Kind: kind, Args: args(size)}
}

// weigh finds the weight of a job. It stores one like it, claims and finishes it, and
// each time compares what is in the file with what was there before.
func (e *Env) weigh(ctx context.Context, job queue.NewJob) (weight, error) {
	path := e.path()
	defer os.Remove(path)
	var w weight
	_, err := within(path, func(j *journal) (take, error) {
		stored, err := j.queue.Enqueue(ctx, job)
		if err != nil {
			return take{}, err
		}
		id := stored[0].ID
		had := content{}
		var reading error
		since := func() moves {
			has, err := read(ctx, j.store)
			reading = errors.Join(reading, err)
			m := has.movesFor(id, had)
			had = has
			return m
		}
		w.enqueue = since()
		claimed, err := j.queue.Claim(ctx, queue.ClaimRequest{Want: []store.Want{{Queue: job.Queue, N: 1}}})
		if err != nil || len(claimed.Jobs) != 1 {
			return take{}, errors.Join(err, fmt.Errorf("claimed %d jobs", len(claimed.Jobs)))
		}
		w.claim = since()
		attempt := succeeded
		attempt.Job = &claimed.Jobs[0]
		if _, err := j.queue.Finish(ctx, attempt); err != nil {
			return take{}, err
		}
		w.finish = since()
		return take{}, reading
	})
	if err != nil {
		return w, fmt.Errorf("finding out what is written for a job: %w", err)
	}
	return w, nil
}

// args returns arguments of about size bytes: a msgpack value of type bin, that no disk can
// make smaller.
func args(size int) store.Value {
	const header = 5
	n := max(0, size-header)
	return append(store.Value{0xc6, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, noise(n)...)
}
