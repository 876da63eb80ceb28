package executor_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// TestATimeoutKeepsTheDirective: what the handler says about its job holds also when
// its time is up.
func TestATimeoutKeepsTheDirective(t *testing.T) {
	base := errors.New("no luck")
	for name, c := range map[string]struct {
		err   error
		state store.State
		kind  store.FailureKind
		wait  time.Duration
	}{
		"permanent":   {executor.Permanent(base), store.Discarded, store.FailTimeout, 0},
		"cancel":      {executor.Cancel(base), store.Cancelled, store.FailCancelled, 0},
		"retry after": {executor.RetryAfter(base, time.Hour), store.Retryable, store.FailTimeout, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
				f.handle("k", func(ctx context.Context, _ *store.Job) (store.Value, error) {
					<-ctx.Done()
					return nil, c.err
				})
				f.serve("default", 1)
				f.start()
				id := f.enqueue(queue.NewJob{Kind: "k", Timeout: time.Second})[0]
				time.Sleep(time.Second)
				synctest.Wait()
				j := f.state(id, c.state)
				if j.Failures[0].Kind != c.kind || c.wait > 0 && time.Until(j.RunAt) != c.wait {
					t.Errorf("%+v", j)
				}
				f.stop()
			})
		})
	}
}

// TestTheLongestWaitCanBeStored: a job that asks for a time beyond what a store can
// hold must not stay running.
func TestTheLongestWaitCanBeStored(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		state store.State
	}{
		"snooze":      {executor.Snooze(math.MaxInt64), store.Scheduled},
		"retry after": {executor.RetryAfter(errors.New("no luck"), math.MaxInt64), store.Retryable},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
				f.handle("k", func(context.Context, *store.Job) (store.Value, error) { return nil, c.err })
				f.serve("default", 1)
				f.start()
				id := f.enqueue(queue.NewJob{Kind: "k"})[0]
				synctest.Wait()
				if j := f.state(id, c.state); time.Until(j.RunAt) < 50*365*24*time.Hour {
					t.Errorf("it is due %v", j.RunAt)
				}
				f.stop()
			})
		})
	}
}
