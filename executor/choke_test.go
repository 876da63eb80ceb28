package executor_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/store"
)

// TestFullDiskStartsNothing: while outcomes cannot be recorded no further job is
// started, and afterwards each has run once.
func TestFullDiskStartsNothing(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		var full atomic.Bool // outcomes cannot be recorded
		f.over(&between{Store: f.store, finish: func([]store.Outcome) error {
			if full.Load() {
				return fmt.Errorf("no space: %w", store.ErrNotStored)
			}
			return nil
		}}, executor.Config{})
		var runs atomic.Int32
		f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
			runs.Add(1)
			return null, nil
		})
		f.serve("default", 2)
		full.Store(true)
		ids := f.enqueue(jobs(20, "k")...)
		f.start()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := runs.Load(); n == 0 || n > 4 {
			t.Errorf("%d jobs were run, on 2 slots, with nothing recorded", n)
		}
		full.Store(false)
		f.await(ids...)
		if n := runs.Load(); int(n) != len(ids) {
			t.Errorf("%d runs of %d jobs", n, len(ids))
		}
		f.stop()
	})
}
