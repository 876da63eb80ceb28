package bgclient_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

func square(_ context.Context, i int) (int, error) { return i * i, nil }

func TestParalleliseReturnsResultsInOrder(t *testing.T) {
	f := newFile(t)
	c := f.start()
	defer f.close(c)
	var last bgclient.Progress
	got, err := bgclient.Parallelise(t.Context(), c, "squares", 5000, square, bgclient.NumThreads(4),
		bgclient.OnProgress(func(p bgclient.Progress) {
			if p.Done < last.Done || p.Total != 5000 {
				t.Errorf("%+v after %+v", p, last)
			}
			last = p
		}))
	if err != nil || len(got) != 5000 {
		t.Fatal(len(got), err)
	}
	for i, v := range got {
		if v != i*i {
			t.Fatalf("result %d is %d", i, v)
		}
	}
	if last.Done != 5000 || last.Failed != 0 {
		t.Errorf("the last progress: %+v", last)
	}
}

func TestParalleliseRefusesBadArguments(t *testing.T) {
	f := newFile(t)
	c := f.start()
	defer f.close(c)
	try := func(n int, options ...bgclient.BatchOption) error {
		_, err := bgclient.Parallelise(t.Context(), c, "b", n, square, options...)
		return err
	}
	for name, err := range map[string]error{
		"n 0":          try(0),
		"n -1":         try(-1),
		"threads":      try(1, bgclient.NumThreads(0)),
		"warn, no log": try(1, bgclient.OnBgException(bgclient.Warn)),
		"what":         try(1, bgclient.OnBgException(9)),
		"logger":       try(1, bgclient.BatchLogger(nil)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := bgclient.Parallelise(t.Context(), c, "", 1, square); err == nil {
		t.Error("no name: no error")
	}
	if _, err := bgclient.Parallelise[int](t.Context(), c, "b", 1, nil); err == nil {
		t.Error("no function: no error")
	}
	if all, err := c.Queue().Batches(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("a batch was made: %v %v", all, err)
	}
}

func TestParalleliseResumesOnlyWhatIsUnfinished(t *testing.T) {
	f := newFile(t)
	var mu sync.Mutex
	ran := map[int]int{}
	// The first life is ended by its context in the middle.
	c := f.start()
	ctx, cancel := context.WithCancel(t.Context())
	part, err := bgclient.Parallelise(ctx, c, "b", 1000, func(ctx context.Context, i int) (string, error) {
		mu.Lock()
		ran[i]++
		if len(ran) == 300 {
			cancel()
		}
		mu.Unlock()
		return fmt.Sprint(i), ctx.Err()
	}, bgclient.NumThreads(4))
	if !errors.Is(err, context.Canceled) || len(part) != 1000 {
		t.Fatalf("%d results, %v", len(part), err)
	}
	done := map[int]bool{}
	for i, v := range part {
		if v != "" {
			done[i] = true
		}
	}
	if len(done) < 200 {
		t.Fatalf("%d results so far", len(done))
	}
	f.close(c)
	// The second one finishes.
	c = f.start()
	again := 0
	got, err := bgclient.Parallelise(t.Context(), c, "b", 1000, func(_ context.Context, i int) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if done[i] {
			t.Errorf("index %d was done and ran again", i)
		}
		again++
		return fmt.Sprint(i), nil
	})
	if err != nil || again != 1000-len(done) {
		t.Fatalf("%d ran again, %d were done; %v", again, len(done), err)
	}
	for i, v := range got {
		if v != fmt.Sprint(i) {
			t.Fatalf("result %d is %q", i, v)
		}
	}
	f.close(c)
	// The third one runs nothing.
	c = f.start()
	defer f.close(c)
	got, err = bgclient.Parallelise(t.Context(), c, "b", 1000, func(context.Context, int) (string, error) {
		t.Error("a finished batch ran")
		return "", nil
	})
	if err != nil || got[999] != "999" {
		t.Fatal(got[999], err)
	}
	// Other contents are refused.
	if _, err := bgclient.Parallelise(t.Context(), c, "b", 1001, square); !errors.Is(err, bgclient.ErrBatchMismatch) {
		t.Errorf("another n: %v", err)
	}
	if _, err := bgclient.Parallelise(t.Context(), c, "b", 1000, square, bgclient.Fingerprint("x")); !errors.Is(err, bgclient.ErrBatchMismatch) {
		t.Errorf("another fingerprint: %v", err)
	}
	// And another type of result says which.
	if _, err := bgclient.Parallelise(t.Context(), c, "b", 1000, square); err == nil || !strings.Contains(err.Error(), "int") {
		t.Errorf("another type: %v", err)
	}
}

func TestRaiseStopsAndReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		defer f.close(c)
		var started atomic.Int32
		var failed []int
		bad := func(_ context.Context, i int) (int, error) {
			started.Add(1)
			time.Sleep(time.Second)
			if i == 5 || i == 6 {
				return 0, &stockError{i}
			}
			return i + 1, nil
		}
		got, err := bgclient.Parallelise(t.Context(), c, "b", 100, bad, bgclient.NumThreads(4), bgclient.FailedIndexes(&failed))
		e, ok := errors.AsType[*bgclient.BgException](err)
		if !ok || e.Message != "only 5 left" {
			t.Fatalf("%v", err)
		}
		if live, ok := errors.AsType[*stockError](err); !ok || live.Left != 5 {
			t.Errorf("the live cause: %v", err)
		}
		b, ok := errors.AsType[*bgclient.BatchError](err)
		if !ok || !slices.Equal(b.Failed, []int{5, 6}) || !slices.Equal(failed, b.Failed) || b.Earlier || b.Open < 80 {
			t.Errorf("%+v", b)
		}
		if n := started.Load(); n > 16 {
			t.Errorf("%d items were started", n)
		}
		// What ran was finished and recorded.
		if got[4] != 5 || got[7] != 8 {
			t.Errorf("results so far: %v", got[:12])
		}
		// Again: the rest runs, the failed ones do not, and the error says so.
		ok6 := func(_ context.Context, i int) (int, error) {
			if i == 5 || i == 6 {
				t.Errorf("index %d ran again", i)
			}
			return i + 1, nil
		}
		got, err = bgclient.Parallelise(t.Context(), c, "b", 100, ok6)
		b, ok = errors.AsType[*bgclient.BatchError](err)
		if !ok || !b.Earlier || b.Open != 0 || !strings.Contains(err.Error(), "RetryFailed") || got[99] != 100 {
			t.Fatalf("%v %v", got, err)
		}
		if e, ok := errors.AsType[*bgclient.BgException](err); !ok || e.Message != "only 5 left" {
			t.Errorf("the failure of the earlier run: %v", err)
		}
		// And with RetryFailed exactly they run.
		var ran []int
		var mu sync.Mutex
		got, err = bgclient.Parallelise(t.Context(), c, "b", 100, func(_ context.Context, i int) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			ran = append(ran, i)
			return i + 1, nil
		}, bgclient.RetryFailed(), bgclient.FailedIndexes(&failed))
		slices.Sort(ran)
		if err != nil || !slices.Equal(ran, []int{5, 6}) || got[5] != 6 || len(failed) != 0 {
			t.Fatalf("%v %v %v", ran, failed, err)
		}
	})
}

func TestWarnGoesOn(t *testing.T) {
	f := newFile(t)
	core, logs := observer.New(zap.WarnLevel)
	c := f.start(bgclient.WithLogger(zap.New(core)))
	defer f.close(c)
	var failed []int
	got, err := bgclient.Parallelise(t.Context(), c, "b", 20, func(_ context.Context, i int) (int, error) {
		if i%7 == 3 {
			panic("seven")
		}
		return i, nil
	}, bgclient.OnBgException(bgclient.Warn), bgclient.FailedIndexes(&failed))
	if err != nil || !slices.Equal(failed, []int{3, 10, 17}) {
		t.Fatalf("%v %v", failed, err)
	}
	if got[3] != 0 || got[4] != 4 || got[19] != 19 {
		t.Errorf("%v", got)
	}
	if n := logs.FilterMessageSnippet("item of a batch failed").Len(); n != 3 || logs.Len() != 3 {
		t.Errorf("%d warnings, %d in all: %v", n, logs.Len(), logs.All())
	}
	if w := logs.All()[0].ContextMap(); w["error"] != "seven" || w["failure"] != "panic" {
		t.Errorf("%v", w)
	}
}

func TestTheLoggerKnowsTheJob(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	other, otherLogs := observer.New(zap.InfoLevel)
	f := newFile(t)
	c := f.start(bgclient.WithLogger(zap.New(core)))
	defer f.close(c)
	say := func(ctx context.Context, i int) (bgclient.None, error) {
		bgclient.Logger(ctx).Info("hello")
		return bgclient.None{}, nil
	}
	if _, err := bgclient.Parallelise(t.Context(), c, "a", 1, say); err != nil {
		t.Fatal(err)
	}
	if _, err := bgclient.Parallelise(t.Context(), c, "b", 1, say, bgclient.BatchLogger(zap.New(other))); err != nil {
		t.Fatal(err)
	}
	inv, err := register(t, c, "say", say).Invoke(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inv.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	said := append(logs.FilterMessage("hello").All(), otherLogs.FilterMessage("hello").All()...)
	if len(said) != 3 || otherLogs.FilterMessage("hello").Len() != 1 {
		t.Fatalf("%d lines", len(said))
	}
	for _, e := range said {
		m := e.ContextMap()
		if id, ok := m["job"].(string); !ok || len(id) != 26 || m["attempt"] != int64(1) {
			t.Errorf("%v", m)
		}
	}
}

func TestRetriesInsideABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		defer f.close(c)
		var tries atomic.Int32
		got, err := bgclient.Parallelise(t.Context(), c, "b", 3, func(_ context.Context, i int) (int, error) {
			if i == 1 && tries.Add(1) < 3 {
				return 0, errors.New("not yet")
			}
			return i, nil
		}, bgclient.MaxAttempts(5))
		if err != nil || got[1] != 1 || tries.Load() != 3 {
			t.Fatalf("%v %v after %d tries", got, err, tries.Load())
		}
	})
}

func TestABatchRunsOnceAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		defer f.close(c)
		slow := func(context.Context, int) (int, error) {
			time.Sleep(time.Second)
			return 1, nil
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := bgclient.Parallelise(t.Context(), c, "b", 3, slow); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		if _, err := bgclient.Parallelise(t.Context(), c, "b", 3, slow); err == nil {
			t.Error("it ran twice at the same time")
		}
		if _, err := bgclient.Parallelise(t.Context(), c, "other", 3, slow); err != nil {
			t.Errorf("another batch beside it: %v", err)
		}
		wg.Wait()
	})
}

func TestCancelledMembersCountAsFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		core, _ := observer.New(zap.WarnLevel)
		c := f.start(bgclient.WithLogger(zap.New(core)))
		defer f.close(c)
		var failed []int
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := bgclient.Parallelise(t.Context(), c, "b", 4, func(ctx context.Context, i int) (int, error) {
				select {
				case <-time.After(time.Minute):
				case <-ctx.Done():
				}
				return i, nil
			}, bgclient.NumThreads(1), bgclient.OnBgException(bgclient.Warn), bgclient.FailedIndexes(&failed))
			if err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		// One that runs and one that waits.
		var ids []store.ID
		for j, err := range c.Queue().Jobs(t.Context(), store.Filter{Batches: []string{"b"}}, store.HeadOnly) {
			if err != nil {
				t.Fatal(err)
			}
			if j.Index == 0 || j.Index >= 2 {
				ids = append(ids, j.ID)
			}
		}
		if done, err := c.Queue().Cancel(t.Context(), "", ids...); err != nil || len(done.Done) != 3 {
			t.Fatal(done, err)
		}
		wg.Wait()
		if !slices.Equal(failed, []int{0, 2, 3}) {
			t.Errorf("failed: %v", failed)
		}
	})
}

func TestClosingTheClientInterruptsABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start(bgclient.WithGrace(0))
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := bgclient.Parallelise(t.Context(), c, "b", 4, func(ctx context.Context, i int) (int, error) {
				<-ctx.Done()
				if !errors.Is(context.Cause(ctx), executor.ErrShutdown) {
					t.Errorf("%v", context.Cause(ctx))
				}
				return 0, ctx.Err()
			})
			if !errors.Is(err, bgclient.ErrClosed) {
				t.Errorf("%v", err)
			}
		})
		synctest.Wait()
		f.close(c)
		wg.Wait()
		c = f.start()
		defer f.close(c)
		rows, err := c.Queue().Count(t.Context(), store.Filter{})
		if err != nil || queue.Total(rows) != 4 || rows[0].State != store.Available {
			t.Errorf("%v %v", rows, err)
		}
	})
}

func TestTenMillionItemsStartAtOnce(t *testing.T) {
	f := newFile(t)
	c := f.start()
	defer f.close(c)
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	var first atomic.Int64
	_, err := bgclient.Parallelise(ctx, c, "huge", 10_000_000, func(context.Context, int) (bgclient.None, error) {
		first.CompareAndSwap(0, int64(time.Since(began)))
		cancel()
		return bgclient.None{}, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if took := time.Duration(first.Load()); took > time.Second {
		t.Errorf("the first item ran after %v", took)
	}
	rows, err := c.Queue().Count(t.Context(), store.Filter{})
	if err != nil || queue.Total(rows) > 10_000 {
		t.Errorf("%d items are stored, %v", queue.Total(rows), err)
	}
}
