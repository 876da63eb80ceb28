package executor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func TestStopInPhases(t *testing.T) {
	bubble(t, executor.Config{Grace: time.Minute, Abandon: 5 * time.Second}, func(t *testing.T, f *fixture) {
		done := make(chan struct{})
		run := func(fn func(ctx context.Context) (store.Value, error)) executor.Handler {
			return func(ctx context.Context, _ *store.Job) (store.Value, error) { return fn(ctx) }
		}
		f.handle("finishes", run(func(context.Context) (store.Value, error) {
			time.Sleep(30 * time.Second)
			return null, nil
		}))
		f.handle("obeys", run(func(ctx context.Context) (store.Value, error) {
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), executor.ErrShutdown) {
				t.Errorf("cause: %v", context.Cause(ctx))
			}
			return nil, ctx.Err()
		}))
		f.handle("saves", run(func(ctx context.Context) (store.Value, error) {
			<-ctx.Done()
			return null, nil // done after all
		}))
		f.handle("deaf", run(func(context.Context) (store.Value, error) {
			<-done
			return null, nil
		}))
		f.serve("default", 4)
		f.start()
		ids := f.enqueue(append(append(append(jobs(1, "finishes"), jobs(1, "obeys")...), jobs(1, "saves")...), jobs(1, "deaf")...)...)
		waiting := f.enqueue(jobs(3, "obeys")...)
		synctest.Wait()
		began := time.Now()
		err := f.Stop(context.Background())
		if took := time.Since(began); took != time.Minute+5*time.Second {
			t.Errorf("it took %v", took)
		}
		abandoned, ok := errors.AsType[*executor.AbandonedError](err)
		if !ok || len(abandoned.Jobs) != 1 || abandoned.Jobs[0] != ids[3] || !strings.Contains(err.Error(), ids[3].String()) {
			t.Errorf("%v", err)
		}
		f.state(ids[0], store.Completed)
		f.state(ids[2], store.Completed)
		for _, id := range append(waiting, ids[1], ids[3]) {
			if j := f.state(id, store.Available); j.Attempt != 0 || j.FailureCount != 0 || j.Suspect {
				t.Errorf("an interrupted attempt was charged: %+v", j)
			}
		}
		close(done)
		synctest.Wait()
		f.state(ids[3], store.Available)
	})
}

func TestStopObeysItsContext(t *testing.T) {
	bubble(t, executor.Config{Grace: time.Hour, Abandon: time.Second}, func(t *testing.T, f *fixture) {
		f.handle("k", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		f.serve("default", 1)
		f.start()
		id := f.enqueue(queue.NewJob{Kind: "k"})[0]
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		began := time.Now()
		if err := f.Stop(ctx); err != nil || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		f.state(id, store.Available)
	})
}

func TestTheEndOfStartsContextDrains(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		f.handle("k", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			time.Sleep(time.Second)
			return null, ctx.Err()
		})
		f.serve("default", 1)
		ctx, cancel := context.WithCancel(t.Context())
		if err := f.Start(ctx); err != nil {
			t.Fatal(err)
		}
		ids := f.enqueue(jobs(2, "k")...)
		synctest.Wait()
		cancel()
		time.Sleep(time.Minute)
		f.state(ids[0], store.Completed)
		f.state(ids[1], store.Available)
		f.stop()
	})
}

// TestStartAndStopFromEverywhere is for the race detector.
func TestStartAndStopFromEverywhere(t *testing.T) {
	f := newFixture(t, executor.Config{Grace: -1, Abandon: time.Second})
	defer f.close()
	f.handle("k", func(ctx context.Context, _ *store.Job) (store.Value, error) { return null, nil })
	f.start()
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			_ = f.Serve(fmt.Sprint("q", i%3), i)
			_, _ = f.q.Enqueue(context.Background(), queue.NewJob{Kind: "k", Queue: fmt.Sprint("q", i%3)})
			if i > 5 {
				_ = f.Stop(context.Background())
			}
		})
	}
	wg.Wait()
	f.stop()
}
