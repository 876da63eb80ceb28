package executor_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func TestSuspectsRunAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, executor.Config{})
		ids := f.enqueue(jobs(3, "k")...)
		if _, err := f.q.Claim(t.Context(), queue.ClaimRequest{Want: []store.Want{{Queue: "default", N: 3}}}); err != nil {
			t.Fatal(err)
		}
		f.close() // as a crash would leave it
		f.open(executor.Config{})
		defer f.close()
		var mu sync.Mutex
		var order []string
		log := func(what string) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, what)
		}
		f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
			log("begin")
			time.Sleep(time.Second)
			log("end")
			return null, nil
		})
		f.handle("other", func(context.Context, *store.Job) (store.Value, error) {
			log("other")
			return null, nil
		})
		f.serve("default", 4)
		other := f.enqueue(jobs(4, "other")...)
		f.start()
		f.await(append(ids, other...)...)
		want := []string{"begin", "end", "begin", "end", "begin", "end", "other", "other", "other", "other"}
		if !slices.Equal(order, want) {
			t.Errorf("%v", order)
		}
		f.stop()
	})
}

// TestSuspectsOfALateQueue: suspects of a queue that is served only when others are
// busy stop them, run, and let them go on. It runs in real time, since in a bubble there is
// no stock.
func TestSuspectsOfALateQueue(t *testing.T) {
	f := newFixture(t, executor.Config{})
	late := f.enqueue(queue.NewJob{Kind: "k", Queue: "late"}, queue.NewJob{Kind: "k", Queue: "late"})
	if _, err := f.q.Claim(t.Context(), queue.ClaimRequest{Want: []store.Want{{Queue: "late", N: 2}}}); err != nil {
		t.Fatal(err)
	}
	f.close() // as a crash would leave it
	f.open(executor.Config{})
	defer f.close()
	begun := make(chan struct{}, 5000)
	f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
		begun <- struct{}{}
		return null, nil
	})
	f.serve("default", 2)
	ids := f.enqueue(jobs(3000, "k")...)
	f.start()
	for range 1000 { // by now it has a stock
		<-begun
	}
	f.serve("late", 1)
	deadline := time.After(20 * time.Second)
	for n := 1000; n < len(ids)+len(late); n++ {
		select {
		case <-begun:
		case <-deadline:
			t.Fatalf("only %d of %d jobs have begun", n, len(ids)+len(late))
		}
	}
	f.await(append(ids, late...)...)
	f.stop()
}
