package bgclient_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func newThread[A, R any](t *testing.T, task *bgclient.Task[A, R], name string) *bgclient.Thread[A, R] {
	t.Helper()
	th, err := bgclient.NewThread(task, name)
	if err != nil {
		t.Fatal(err)
	}
	return th
}

// slowly takes a second.
func slowly(ctx context.Context, n int) (int, error) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if n < 0 {
		return 0, errors.New("negative")
	}
	return 2 * n, nil
}

func TestThreadLikeBgThread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		defer f.close(c)
		th := newThread(t, register(t, c, "k", slowly), "counter")
		ctx := t.Context()
		if th.IsRunning() {
			t.Error("it runs before the first call")
		}
		began := time.Now()
		invoke := func(n int, wait time.Duration) {
			t.Helper()
			was := time.Now()
			if err := th.Invoke(ctx, n); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if took := time.Since(was); took != wait {
				t.Errorf("invoke %d waited for %v, want %v", n, took, wait)
			}
		}
		invoke(1, 0)           // is taken at once
		invoke(2, 0)           // is pending
		invoke(3, time.Second) // waits until 2 is taken
		if !th.IsRunning() {
			t.Error("it does not run")
		}
		if r, err := th.Result(ctx); r != 2 || err != nil || time.Since(began) != time.Second {
			t.Errorf("the result of 1: %v %v after %v", r, err, time.Since(began))
		}
		// That is consumed: the next one is waited for.
		if r, err := th.Result(ctx); r != 4 || err != nil || time.Since(began) != 2*time.Second {
			t.Errorf("the result of 2: %v %v after %v", r, err, time.Since(began))
		}
		// A newer result takes the place of an unread one.
		invoke(-4, 0)
		time.Sleep(10 * time.Second)
		_, err := th.Result(ctx)
		if e, ok := errors.AsType[*bgclient.BgException](err); !ok || e.Message != "negative" {
			t.Errorf("the failure of -4: %v", err)
		}
		short, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if r, err := th.Result(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a result that was consumed: %v %v", r, err)
		}
		if err := th.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := th.Close(ctx); err != nil {
			t.Error(err)
		}
		if err := th.Invoke(ctx, 1); !errors.Is(err, bgclient.ErrThreadClosed) {
			t.Errorf("%v", err)
		}
		if _, err := th.Result(ctx); !errors.Is(err, bgclient.ErrThreadClosed) {
			t.Errorf("%v", err)
		}
	})
}

func TestThreadSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		ctx := t.Context()
		c := f.start(bgclient.WithGrace(0))
		th := newThread(t, register(t, c, "k", slowly), "a")
		for n := 1; n <= 2; n++ {
			if err := th.Invoke(ctx, n); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(1500 * time.Millisecond) // 1 has a result, 2 is in the middle
		if err := th.Invoke(ctx, 3); err != nil {
			t.Fatal(err)
		}
		f.close(c)

		c = f.open()
		task := register(t, c, "k", slowly)
		th = newThread(t, task, "a")
		if _, err := bgclient.NewThread(task, "a"); err == nil {
			t.Error("a thread is open twice")
		}
		if !th.IsRunning() {
			t.Error("the interrupted and the pending call are gone")
		}
		if r, err := th.Result(ctx); r != 2 || err != nil {
			t.Errorf("the unconsumed result of 1: %v %v", r, err)
		}
		f.run(c)
		if r, err := th.Result(ctx); r != 4 || err != nil {
			t.Errorf("the interrupted call: %v %v", r, err)
		}
		if r, err := th.Result(ctx); r != 6 || err != nil {
			t.Errorf("the pending arguments: %v %v", r, err)
		}
		f.close(c)

		// What was consumed stays consumed.
		c = f.start()
		th = newThread(t, register(t, c, "k", slowly), "a")
		short, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if r, err := th.Result(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v %v", r, err)
		}
		f.close(c)
	})
}

func TestThreadResultIsConsumedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		defer f.close(c)
		th := newThread(t, register(t, c, "k", slowly), "a")
		var mu sync.Mutex
		var got []int
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if r, err := th.Result(ctx); err == nil {
					mu.Lock()
					got = append(got, r)
					mu.Unlock()
				}
			})
		}
		for n := range 3 {
			if err := th.Invoke(ctx, n); err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
		slices.Sort(got)
		if !slices.Equal(got, []int{0, 2, 4}) {
			t.Errorf("%v", got)
		}
	})
}

// TestThreadAfterACallOfUnknownFate: Invoke ended with ErrUnknown, and the call was
// stored after all. The next one must not be taken for it.
func TestThreadAfterACallOfUnknownFate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		defer f.close(c)
		th := newThread(t, register(t, c, "k", slowly), "a")
		b, err := c.Queue().Batch(t.Context(), "thread:a")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Queue().Enqueue(t.Context(), queue.NewJob{
			ID: b.Base.Member(0), Queue: b.Queue, Kind: "k", Batch: b.Name, Kept: true, Args: store.Value{1},
			Unique: queue.Unique{Key: b.Name, Until: store.UntilStart},
		}); err != nil {
			t.Fatal(err)
		}
		if err := th.Invoke(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{2, 4} {
			if r, err := th.Result(t.Context()); r != want || err != nil {
				t.Errorf("%d %v, want %d", r, err, want)
			}
		}
	})
}

func TestProcManager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		core, logs := observer.New(zap.WarnLevel)
		c := f.start(bgclient.WithLogger(zap.New(core)))
		ctx := t.Context()
		m := bgclient.NewProcManager(c)
		if !m.IsEmpty() {
			t.Error("a new manager is not empty")
		}
		if err := m.WaitUntilEmpty(ctx); err != nil {
			t.Error(err)
		}
		var mu sync.Mutex
		n := 0
		count := func() int {
			mu.Lock()
			defer mu.Unlock()
			return n
		}
		proc := func(context.Context) error {
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			n++
			if n == 3 {
				return errors.New("the third one fails")
			}
			return nil
		}
		for range 9 {
			if err := m.Append(ctx, proc); err != nil {
				t.Fatal(err)
			}
		}
		task, err := bgclient.RegisterProc(c, "registered", func(ctx context.Context, _ int) error { return proc(ctx) })
		if err != nil {
			t.Fatal(err)
		}
		if err := bgclient.AppendTask(ctx, m, task, 1); err != nil {
			t.Fatal(err)
		}
		if m.IsEmpty() {
			t.Error("it is empty")
		}
		short, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		if err := m.WaitUntilEmpty(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if err := m.Close(ctx); err != nil {
			t.Error(err)
		}
		if !m.IsEmpty() || count() != 10 {
			t.Errorf("%d procedures ran", count())
		}
		if err := m.Append(ctx, proc); !errors.Is(err, bgclient.ErrManagerClosed) {
			t.Errorf("%v", err)
		}
		if logs.FilterMessage("job failed").Len() != 1 || logs.All()[0].ContextMap()["error"] != "the third one fails" {
			t.Errorf("%v", logs.All())
		}
		// And without a manager.
		if err := bgclient.RunProc(ctx, c, proc); err != nil {
			t.Fatal(err)
		}
		if err := task.RunProc(ctx, 1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if count() != 12 {
			t.Errorf("%d procedures ran", count())
		}
		f.close(c)
		if !errors.Is(m.Append(ctx, proc), bgclient.ErrManagerClosed) {
			t.Error("it takes procedures")
		}
		synctest.Wait()
	})
}

func TestRegisteredProceduresRunAgainAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start(bgclient.WithGrace(0))
		deaf := make(chan struct{})
		task, err := bgclient.RegisterProc(c, "p", func(context.Context, string) error {
			<-deaf
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := task.RunProc(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		err = c.Close(t.Context())
		if _, ok := errors.AsType[*executor.AbandonedError](err); !ok {
			t.Errorf("%v", err)
		}
		close(deaf)
		c = f.open()
		ran := make(chan string, 1)
		if _, err := bgclient.RegisterProc(c, "p", func(_ context.Context, s string) error {
			ran <- s
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		f.run(c)
		if got := <-ran; got != "x" {
			t.Errorf("%q", got)
		}
		f.close(c)
	})
}
