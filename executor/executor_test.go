package executor_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func TestRunsAndRecords(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		f.handle("echo", func(ctx context.Context, j *store.Job) (store.Value, error) {
			if executor.Job(ctx) != j || executor.Slot(ctx) < 1 {
				t.Error("the context does not know its job")
			}
			return j.Args, nil
		})
		f.serve("default", 2)
		f.start()
		id := f.enqueue(queue.NewJob{Kind: "echo", Args: store.Value{7}})[0]
		f.await(id)
		if j := f.state(id, store.Completed); string(j.Result) != "\x07" || j.Attempt != 1 {
			t.Errorf("%+v", j)
		}
		f.stop()
		f.stop() // again does nothing
		if err := f.Start(t.Context()); !errors.Is(err, executor.ErrStopped) {
			t.Errorf("start after stop: %v", err)
		}
	})
}

func TestNeverMoreThanItsSlots(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		var now, most atomic.Int32
		slots := map[int]bool{}
		var mu sync.Mutex
		f.handle("k", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			mu.Lock()
			slots[executor.Slot(ctx)] = true
			mu.Unlock()
			time.Sleep(time.Millisecond)
			return null, nil
		})
		f.serve("default", 3)
		f.start()
		ids := f.enqueue(jobs(200, "k")...)
		f.await(ids...)
		if most.Load() != 3 || len(slots) != 3 || !slots[1] || !slots[3] {
			t.Errorf("%d at once, slots %v", most.Load(), slots)
		}
		f.stop()
	})
}

// TestClaimsNoMoreThanItCanStart: long jobs are not taken before their time.
func TestClaimsNoMoreThanItCanStart(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		f.handle("slow", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			select {
			case <-time.After(time.Minute):
			case <-ctx.Done():
			}
			return null, ctx.Err()
		})
		f.serve("default", 4)
		f.start()
		f.enqueue(jobs(20, "slow")...)
		for range 5 {
			time.Sleep(25 * time.Second) // never at the moment at which jobs end: until that is recorded they are running
			rows, err := f.q.Count(t.Context(), store.Filter{States: store.SetOf(store.Running)})
			if err != nil || queue.Total(rows) > 4 {
				t.Fatalf("%d jobs are running on 4 slots (%v)", queue.Total(rows), err)
			}
		}
		f.stop()
	})
}

// TestStockIsGivenBack: jobs that were taken while all was quick do not wait behind
// slow ones. It runs in real time, since in a bubble a claim takes no time and there is no stock.
func TestStockIsGivenBack(t *testing.T) {
	t.Run("alone", func(t *testing.T) { stockIsGivenBack(t, "default") })
	// A claim that stands for another queue must not keep the dispatcher from it.
	t.Run("beside an idle queue", func(t *testing.T) { stockIsGivenBack(t, "default", "idle") })
}

func stockIsGivenBack(t *testing.T, queues ...string) {
	recorded := make(chan struct{}, 1)
	f := newFixture(t, executor.Config{Finished: func(*store.Job, queue.Attempt, bool) {
		select {
		case recorded <- struct{}{}:
		default:
		}
	}})
	defer f.close()
	slow, blocked := make(chan struct{}), make(chan struct{}, 4)
	var n atomic.Int32
	f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
		if n.Add(1) > 3000 {
			select {
			case blocked <- struct{}{}:
			default:
			}
			<-slow
		}
		return null, nil
	})
	for _, name := range queues {
		f.serve(name, 4)
	}
	ids := f.enqueue(jobs(6000, "k")...)
	f.start()
	for range 4 {
		<-blocked
	}
	patience := time.After(20 * time.Second)
	for {
		rows, err := f.q.Count(t.Context(), store.Filter{States: store.SetOf(store.Running)})
		if err != nil {
			t.Fatal(err)
		}
		if queue.Total(rows) == 4 {
			break
		}
		select {
		case <-recorded:
		case <-patience:
			t.Fatalf("%d jobs are still running on 4 slots", queue.Total(rows))
		}
	}
	close(slow)
	f.await(ids...)
	f.stop()
}

func TestPanicIsAFailureWithItsStack(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		f.handle("panic", func(context.Context, *store.Job) (store.Value, error) { return explode() })
		f.handle("exit", func(context.Context, *store.Job) (store.Value, error) {
			runtime.Goexit()
			return null, nil
		})
		f.serve("default", 1)
		f.start()
		ids := f.enqueue(append(jobs(1, "panic"), jobs(1, "exit")...)...)
		f.await(ids...)
		fail := f.state(ids[0], store.Discarded).Failures[0]
		if fail.Kind != store.FailPanic || fail.Message != "boom" || !strings.HasPrefix(fail.Stack, "github.com/bgq-dev/bgq/executor_test.explode(") {
			t.Errorf("%s %q\n%s", fail.Kind, fail.Message, fail.Stack)
		}
		fail = f.state(ids[1], store.Discarded).Failures[0]
		if !strings.Contains(fail.Message, "Goexit") {
			t.Errorf("%q", fail.Message)
		}
		f.stop()
	})
}

// hostile is an error whose methods do not behave.
type hostile struct{ cycle bool }

func (h *hostile) Error() string { return "hostile" }
func (h *hostile) Unwrap() error {
	if h.cycle {
		return h
	}
	panic("in Unwrap")
}
func (h *hostile) As(any) bool           { panic("in As") }
func (h *hostile) Is(error) bool         { panic("in Is") }
func (h *hostile) FailureOutput() string { panic("in FailureOutput") }

func TestHostileErrorsAreFailures(t *testing.T) {
	for _, cycle := range []bool{false, true} {
		bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
			f.handle("k", func(ctx context.Context, _ *store.Job) (store.Value, error) { return nil, &hostile{cycle} })
			f.handle("late", func(ctx context.Context, _ *store.Job) (store.Value, error) {
				<-ctx.Done()
				return nil, &hostile{cycle}
			})
			f.serve("default", 2)
			f.start()
			ids := f.enqueue(queue.NewJob{Kind: "k", MaxAttempts: 1}, queue.NewJob{Kind: "late", MaxAttempts: 1, Timeout: time.Second})
			f.await(ids...)
			for _, id := range ids {
				if j := f.state(id, store.Discarded); j.Failures[0].Message != "hostile" {
					t.Errorf("%+v", j.Failures)
				}
			}
			f.stop()
		})
	}
}

func explode() (store.Value, error) { panic("boom") }

func TestDirectives(t *testing.T) {
	base := errors.New("no luck")
	for _, c := range []struct {
		name  string
		err   error
		state store.State
		check func(j *store.Job) bool
	}{
		{"plain", base, store.Retryable, func(j *store.Job) bool { return j.FailureCount == 1 && j.Attempt == 1 }},
		{"permanent", fmt.Errorf("outer: %w", executor.Permanent(base)), store.Discarded, func(j *store.Job) bool { return j.Failures[0].Message == "outer: no luck" }},
		{"retry after", executor.RetryAfter(base, time.Hour), store.Retryable, func(j *store.Job) bool { return time.Until(j.RunAt) == time.Hour }},
		{"snooze", executor.Snooze(time.Hour), store.Scheduled, func(j *store.Job) bool {
			return time.Until(j.RunAt) == time.Hour && j.Attempt == 0 && j.FailureCount == 0
		}},
		{"cancel", executor.Cancel(base), store.Cancelled, func(j *store.Job) bool { return j.Failures[0].Kind == store.FailCancelled }},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
				f.handle("k", func(context.Context, *store.Job) (store.Value, error) { return nil, c.err })
				f.serve("default", 1)
				f.start()
				id := f.enqueue(queue.NewJob{Kind: "k"})[0]
				synctest.Wait()
				if j := f.state(id, c.state); !c.check(j) {
					t.Errorf("%+v", j)
				}
				f.stop()
			})
		})
	}
	if executor.Permanent(nil) != nil || executor.RetryAfter(nil, 1) != nil || executor.Cancel(nil) != nil || executor.Interrupt(nil) != nil {
		t.Error("a directive makes an error of nil")
	}
}

func TestTimeouts(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		deaf := make(chan struct{})
		f.handle("polite", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), executor.ErrTimeout) {
				t.Errorf("cause: %v", context.Cause(ctx))
			}
			return nil, ctx.Err()
		})
		f.handle("deaf", func(context.Context, *store.Job) (store.Value, error) {
			<-deaf
			return null, nil
		})
		f.handle("quick", func(context.Context, *store.Job) (store.Value, error) { return null, nil })
		f.serve("default", 3)
		f.start()
		job := func(kind string) queue.NewJob {
			return queue.NewJob{Kind: kind, MaxAttempts: 1, Timeout: time.Minute}
		}
		ids := f.enqueue(job("polite"), job("deaf"), job("quick"))
		began := time.Now()
		f.await(ids...)
		if took := time.Since(began); took != time.Minute+5*time.Second {
			t.Errorf("the deaf one was given up after %v", took)
		}
		for _, id := range ids[:2] {
			if j := f.state(id, store.Discarded); j.Failures[0].Kind != store.FailTimeout || !strings.Contains(j.Failures[0].Message, "timeout of 1m0s") {
				t.Errorf("%+v", j.Failures)
			}
		}
		f.state(ids[2], store.Completed)
		close(deaf) // what it returns now is ignored
		synctest.Wait()
		f.state(ids[1], store.Discarded)
		f.stop()
	})
}

func TestCancellingARunningJob(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		var cause error
		f.handle("k", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return null, nil // a result, but too late
		})
		f.serve("default", 1)
		f.start()
		id := f.enqueue(queue.NewJob{Kind: "k"})[0]
		synctest.Wait()
		f.state(id, store.Running)
		if c, err := f.q.Cancel(t.Context(), "not needed", id); err != nil || len(c.Done) != 1 {
			t.Fatal(c, err)
		}
		synctest.Wait()
		if !errors.Is(cause, executor.ErrCancelled) {
			t.Errorf("cause: %v", cause)
		}
		if j := f.state(id, store.Cancelled); j.ResultSize != 0 || j.Failures[0].Message != "cancelled: not needed" {
			t.Errorf("%+v", j)
		}
		f.stop()
	})
}

func TestRetriesComeInTimeWithoutPolling(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		var at []time.Duration
		began := time.Now()
		f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
			at = append(at, time.Since(began))
			if len(at) < 4 {
				return nil, errors.New("again")
			}
			return null, nil
		})
		f.serve("default", 1)
		f.start()
		id := f.enqueue(queue.NewJob{Kind: "k"})[0]
		f.await(id)
		for i := 1; i < len(at); i++ {
			wait, want := at[i]-at[i-1], time.Second<<(i-1)
			if wait < want*8/10 || wait > want*12/10 {
				t.Errorf("attempt %d came after %v, want about %v", i+1, wait, want)
			}
		}
		// A job that is due earlier than all others wakes the keeper.
		late := f.enqueue(queue.NewJob{Kind: "k", RunAt: time.Now().Add(24 * time.Hour)})[0]
		soon := f.enqueue(queue.NewJob{Kind: "k", RunAt: time.Now().Add(time.Hour)})[0]
		now := time.Now()
		f.await(soon)
		if took := time.Since(now); took != time.Hour {
			t.Errorf("the earlier one ran after %v", took)
		}
		f.await(late)
		if took := time.Since(now); took != 24*time.Hour {
			t.Errorf("the later one ran after %v", took)
		}
		f.stop()
	})
}

func TestUnknownKindsWaitAndAreReported(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	bubble(t, executor.Config{Logger: zap.New(core)}, func(t *testing.T, f *fixture) {
		strange := f.enqueue(jobs(5, "strange")...)
		f.handle("known", func(context.Context, *store.Job) (store.Value, error) { return null, nil })
		f.serve("default", 2)
		f.start()
		known := f.enqueue(jobs(5, "known")...)
		f.await(known...)
		for _, id := range strange {
			if j := f.state(id, store.Available); j.Attempt != 0 {
				t.Errorf("%+v", j)
			}
		}
		if logs.FilterMessageSnippet("wait for a handler").Len() != 1 {
			t.Errorf("logged: %v", logs.All())
		}
		f.handle("strange", func(context.Context, *store.Job) (store.Value, error) { return null, nil })
		f.await(strange...)
		f.stop()
	})
}

func TestServeAndUnserveWhileRunning(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		var mu sync.Mutex
		var now, most int
		count := func(by int) (int, int) {
			mu.Lock()
			defer mu.Unlock()
			now += by
			most = max(most, now)
			return now, most
		}
		f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
			count(+1)
			time.Sleep(time.Second)
			count(-1)
			return null, nil
		})
		f.start() // with no queue and before any handler is due
		ids := f.enqueue(jobs(10, "k")...)
		time.Sleep(time.Minute)
		if _, most := count(0); most != 0 {
			t.Fatal("an unserved queue runs")
		}
		f.serve("default", 1)
		time.Sleep(2500 * time.Millisecond)
		if _, most := count(0); most != 1 {
			t.Fatalf("%d at once on one slot", most)
		}
		if err := f.Unserve(t.Context(), "default"); err != nil {
			t.Fatal(err)
		}
		if now, _ := count(0); now != 0 {
			t.Fatal("Unserve returned while a job ran")
		}
		rows, err := f.q.Count(t.Context(), store.Filter{States: store.SetOf(store.Completed)})
		if err != nil || queue.Total(rows) != 3 {
			t.Fatalf("completed: %v %v", rows, err)
		}
		time.Sleep(time.Minute)
		f.serve("default", 10)
		f.await(ids...)
		if _, most := count(0); most != 7 {
			t.Errorf("%d at once, want the 7 that were left", most)
		}
		f.stop()
	})
}

func TestFinishedHearsInOrderAndOnce(t *testing.T) {
	var got []string
	cfg := executor.Config{Finished: func(j *store.Job, a queue.Attempt, applied bool) {
		got = append(got, fmt.Sprint(j.Kind, " ", a.Verdict == queue.Succeeded, " ", applied))
	}}
	bubble(t, cfg, func(t *testing.T, f *fixture) {
		f.handle("good", func(context.Context, *store.Job) (store.Value, error) { return null, nil })
		f.handle("bad", func(context.Context, *store.Job) (store.Value, error) { return nil, errors.New("x") })
		f.handle("stop", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		f.serve("default", 1)
		f.start()
		f.await(f.enqueue(jobs(1, "good")...)...)
		f.await(f.enqueue(jobs(1, "bad")...)...)
		id := f.enqueue(jobs(1, "stop")...)[0]
		synctest.Wait()
		if _, err := f.q.Cancel(t.Context(), "", id); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		f.stop()
		if want := []string{"good true true", "bad false true", "stop false false"}; !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	})
}

func TestResultsThatAreTooLargeFail(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
			big := make(store.Value, 2<<20)
			return big, nil
		})
		f.serve("default", 1)
		f.start()
		id := f.enqueue(queue.NewJob{Kind: "k"})[0]
		f.await(id)
		if j := f.state(id, store.Discarded); !strings.Contains(j.Failures[0].Message, "2097152 bytes") {
			t.Errorf("%+v", j.Failures)
		}
		f.stop()
	})
}
