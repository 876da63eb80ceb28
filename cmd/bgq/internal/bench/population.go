package bench

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// The queues of the jobs that are in the file besides those that are measured.
const (
	endedQueue   = "others-ended"
	waitingQueue = "others-waiting"
)

// count writes a number for people.
func count(n int) string { return humanize.Comma(int64(n)) }

// population returns the path of a file with n jobs, closed well. It is made when it is asked
// for first: 60 % of the jobs are completed, 1 % discarded, and the rest wait in a queue
// that nobody serves.
func (e *Env) population(ctx context.Context, n int) (string, error) {
	if path, done := e.crowds[n]; done {
		return path, nil
	}
	path := e.path()
	_, err := within(path, func(j *journal) (take, error) { return take{}, e.populate(ctx, j, n) })
	if err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	e.crowds[n] = path
	return path, nil
}

// populate stores the jobs, and ends those that are to be ended.
func (e *Env) populate(ctx context.Context, j *journal, n int) error {
	discarded := max(1, n/100)
	completed := n / 10 * 6
	failed := queue.Attempt{Verdict: queue.Hopeless, Failure: &store.Failure{
		At: time.Now().UTC(), Attempt: 1, Kind: store.FailError, Message: "no space left on device",
		Chain: []store.Cause{{Message: "no space left on device", Type: "syscall.Errno", Code: "ENOSPC"}},
	}}
	told := time.Now()
	for made := 0; made < n; {
		part := min(mostInBulk, n-made)
		// As many of each state in every part, so that they lie mixed in the file.
		ended := share(completed+discarded, made, part, n)
		bad := share(discarded, made, part, n)
		if err := j.fill(ctx, noop(waitingQueue, smallArgs), part-ended); err != nil {
			return err
		}
		if err := j.fill(ctx, noop(endedQueue, smallArgs), ended); err != nil {
			return err
		}
		if _, _, err := j.process(ctx, endedQueue, bad, mostInBulk, failed); err != nil {
			return err
		}
		if _, _, err := j.process(ctx, endedQueue, ended-bad, mostInBulk, succeeded); err != nil {
			return err
		}
		made += part
		if now := time.Now(); made < n && now.Sub(told) > time.Second {
			e.say("making a file with %s jobs: %d %%", count(n), 100*made/n)
			told = now
		}
	}
	return nil
}

// share returns how many of total fall into the part of n which begins at made.
func share(total, made, part, n int) int { return total*(made+part)/n - total*made/n }
