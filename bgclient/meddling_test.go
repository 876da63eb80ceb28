package bgclient_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/store"
)

// Somebody else acts on the members of a batch or a thread while it is used: an
// operator with the command, or the program itself through Client.Queue.

// member returns the id of a member of a batch.
func member(t *testing.T, c *bgclient.Client, batch string, index int64) store.ID {
	t.Helper()
	b, err := c.Queue().Batch(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	return b.Base.Member(index)
}

// slowSquare takes a minute.
func slowSquare(ctx context.Context, i int) (int, error) {
	time.Sleep(time.Minute)
	return square(ctx, i)
}

func TestMembersThatAreDeletedCountAsFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		defer f.close(c)
		core, _ := observer.New(zap.WarnLevel)
		var failed []int
		var wg sync.WaitGroup
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			got, err := bgclient.Parallelise(ctx, c, "b", 4, slowSquare, bgclient.NumThreads(1),
				bgclient.OnBgException(bgclient.Warn), bgclient.BatchLogger(zap.New(core)), bgclient.FailedIndexes(&failed))
			if err != nil || !slices.Equal(got, []int{0, 1, 0, 9}) || !slices.Equal(failed, []int{2}) {
				t.Errorf("%v, failed %v, %v", got, failed, err)
			}
		})
		synctest.Wait()
		if done, err := c.Queue().Delete(t.Context(), member(t, c, "b", 2)); err != nil || len(done.Done) != 1 {
			t.Fatal(done, err)
		}
		wg.Wait()
	})
}

func TestMembersThatWereDeletedRunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		defer f.close(c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		for _, deleted := range [][]int{nil, {2}, {0, 1}, {4}, {0, 1, 2, 3, 4}} {
			for _, i := range deleted {
				if _, err := c.Queue().Delete(ctx, member(t, c, "b", int64(i))); err != nil {
					t.Fatal(err)
				}
			}
			var mu sync.Mutex
			var ran []int
			got, err := bgclient.Parallelise(ctx, c, "b", 5, func(ctx context.Context, i int) (int, error) {
				mu.Lock()
				defer mu.Unlock()
				ran = append(ran, i)
				return square(ctx, i)
			})
			slices.Sort(ran)
			if err != nil || !slices.Equal(got, []int{0, 1, 4, 9, 16}) || deleted != nil && !slices.Equal(ran, deleted) {
				t.Errorf("%v were deleted, %v ran: %v %v", deleted, ran, got, err)
			}
		}
	})
}

// TestMembersThatAreCancelledAndRetried: an index counts once, however often it ends.
func TestMembersThatAreCancelledAndRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		defer f.close(c)
		core, _ := observer.New(zap.WarnLevel)
		var failed []int
		var wg sync.WaitGroup
		wg.Go(func() {
			got, err := bgclient.Parallelise(t.Context(), c, "b", 8, slowSquare, bgclient.NumThreads(1),
				bgclient.OnBgException(bgclient.Warn), bgclient.BatchLogger(zap.New(core)), bgclient.FailedIndexes(&failed))
			if err != nil || !slices.Equal(got, []int{0, 1, 4, 9, 16, 25, 36, 49}) || len(failed) != 0 {
				t.Errorf("%v, failed %v, %v", got, failed, err)
			}
		})
		for i := range int64(5) {
			synctest.Wait()
			id := member(t, c, "b", i+1)
			if _, err := c.Queue().Cancel(t.Context(), "", id); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if _, err := c.Queue().Retry(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
	})
}

// TestABatchEndsWhenTheClientDrains: the end of Start's context ends a batch as well.
func TestABatchEndsWhenTheClientDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.open()
		defer f.close(c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := bgclient.Parallelise(ctx, c, "b", 4, slowSquare); err == nil || !strings.Contains(err.Error(), "not started") {
			t.Errorf("before Start: %v", err)
		}
		running, drain := context.WithTimeout(t.Context(), 90*time.Second)
		defer drain()
		if err := c.Start(running); err != nil {
			t.Fatal(err)
		}
		var last bgclient.Progress
		got, err := bgclient.Parallelise(ctx, c, "b", 4, slowSquare, bgclient.NumThreads(1),
			bgclient.OnProgress(func(p bgclient.Progress) { last = p }))
		if !errors.Is(err, bgclient.ErrClosed) || !slices.Equal(got, []int{0, 1, 0, 0}) || last.Done != 2 {
			t.Errorf("%v %+v %v", got, last, err)
		}
	})
}

func TestThreadHearsOfCancelledArguments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.open() // not started: the arguments are not taken
		defer f.close(c)
		th := newThread(t, register(t, c, "k", slowly), "a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := th.Invoke(ctx, 1); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := th.Result(ctx); !errors.Is(err, bgclient.ErrCancelled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		if _, err := c.Queue().Cancel(ctx, "", member(t, c, "thread:a", 0)); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
	})
}
