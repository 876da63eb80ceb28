package executor_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// TestUnserveWaitsForClaimsUnderWay: nothing of the queue is running when Unserve
// has returned, also if it was called while a claim was being committed. It runs in real time.
func TestUnserveWaitsForClaimsUnderWay(t *testing.T) {
	f := newFixture(t, executor.Config{})
	defer f.close()
	f.handle("k", func(context.Context, *store.Job) (store.Value, error) { return null, nil })
	f.start()
	for i := range 100 {
		name := fmt.Sprint("q", i)
		f.serve(name, 2)
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 4 {
				f.enqueue(queue.NewJob{Kind: "k", Queue: name})
			}
		})
		time.Sleep(time.Duration(i%10) * 300 * time.Microsecond) // each time at another moment
		if err := f.Unserve(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		rows, err := f.q.Count(t.Context(), store.Filter{States: store.SetOf(store.Running)})
		if n := queue.Total(rows); n != 0 || err != nil {
			t.Fatalf("round %d: %d jobs are running on a queue that is not served (%v)", i, n, err)
		}
		wg.Wait()
	}
	f.stop()
}

func TestUnserveWithoutAHandler(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		f.serve("default", 2)
		f.start()
		f.enqueue(jobs(2, "k")...)
		synctest.Wait()
		if err := f.Unserve(t.Context(), "default"); err != nil {
			t.Error(err)
		}
		f.stop()
	})
}

func TestDrainingTells(t *testing.T) {
	drained := func(f *fixture) bool {
		select {
		case <-f.Draining():
			return true
		default:
			return false
		}
	}
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		ctx, cancel := context.WithCancel(t.Context())
		if err := f.Start(ctx); err != nil || drained(f) {
			t.Errorf("it drains from the start (%v)", err)
		}
		cancel()
		synctest.Wait()
		if !drained(f) {
			t.Error("the context of Start has ended, and it does not drain")
		}
		f.stop()
	})
	for _, started := range []bool{false, true} {
		bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
			if started {
				f.start()
			}
			f.stop()
			if !drained(f) {
				t.Errorf("started %v: it is stopped, and does not drain", started)
			}
		})
	}
}
