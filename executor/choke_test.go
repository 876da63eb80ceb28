package executor_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// fullDisk is a store that cannot record outcomes for a while.
type fullDisk struct {
	store.Store
	full atomic.Bool
}

func (d *fullDisk) Finish(ctx context.Context, outcomes []store.Outcome) ([]bool, error) {
	if d.full.Load() {
		return nil, fmt.Errorf("no space: %w", store.ErrNotStored)
	}
	return d.Store.Finish(ctx, outcomes)
}

// TestFullDiskStartsNothing: while outcomes cannot be recorded no further job is
// started, and afterwards each has run once.
func TestFullDiskStartsNothing(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		disk := &fullDisk{Store: f.store}
		q, err := queue.New(disk, queue.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if f.Executor, err = executor.New(q, executor.Config{}); err != nil {
			t.Fatal(err)
		}
		var runs atomic.Int32
		f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
			runs.Add(1)
			return null, nil
		})
		f.serve("default", 2)
		disk.full.Store(true)
		ids := f.enqueue(jobs(20, "k")...)
		f.start()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := runs.Load(); n == 0 || n > 4 {
			t.Errorf("%d jobs were run, on 2 slots, with nothing recorded", n)
		}
		disk.full.Store(false)
		f.await(ids...)
		if n := runs.Load(); int(n) != len(ids) {
			t.Errorf("%d runs of %d jobs", n, len(ids))
		}
		f.stop()
	})
}
