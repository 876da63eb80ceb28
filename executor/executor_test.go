package executor_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var null = store.Value{0xc0}

// fixture is an executor on a real file. It is made inside the bubble of a test, and closed there.
type fixture struct {
	*executor.Executor
	t     *testing.T
	q     *queue.Queue
	store *boltstore.Store
	path  string
}

func newFixture(t *testing.T, cfg executor.Config) *fixture {
	f := &fixture{t: t, path: filepath.Join(t.TempDir(), "test.db")}
	f.open(cfg)
	return f
}

func (f *fixture) open(cfg executor.Config) {
	f.t.Helper()
	var err error
	if f.store, err = boltstore.Open(f.path, boltstore.Options{}); err != nil {
		f.t.Fatal(err)
	}
	if f.q, err = queue.New(f.store, queue.Config{}); err != nil {
		f.t.Fatal(err)
	}
	if _, err = f.q.Recover(context.Background()); err != nil {
		f.t.Fatal(err)
	}
	if f.Executor, err = executor.New(f.q, cfg); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) close() {
	f.t.Helper()
	report, err := f.store.Verify(context.Background())
	if err != nil || len(report.Problems) > 0 {
		f.t.Errorf("verify: %v %v", report.Problems, err)
	}
	if err := f.store.Close(); err != nil {
		f.t.Error(err)
	}
}

func (f *fixture) handle(kind string, h executor.Handler) {
	f.t.Helper()
	if err := f.Handle(kind, h, executor.HandlerOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) serve(name string, slots int) {
	f.t.Helper()
	if err := f.Serve(name, slots); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) start() {
	f.t.Helper()
	if err := f.Start(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) stop() {
	f.t.Helper()
	if err := f.Stop(context.Background()); err != nil {
		f.t.Error(err)
	}
}

func (f *fixture) enqueue(jobs ...queue.NewJob) []store.ID {
	f.t.Helper()
	stored, err := f.q.Enqueue(context.Background(), jobs...)
	if err != nil {
		f.t.Fatal(err)
	}
	var ids []store.ID
	for _, s := range stored {
		ids = append(ids, s.ID)
	}
	return ids
}

func (f *fixture) get(id store.ID) *store.Job {
	f.t.Helper()
	j, err := f.q.Get(context.Background(), id, store.AllParts)
	if err != nil {
		f.t.Fatal(err)
	}
	return j
}

func (f *fixture) state(id store.ID, want store.State) *store.Job {
	f.t.Helper()
	j := f.get(id)
	if j.State != want {
		f.t.Fatalf("job of kind %s is %s, want %s; failures: %+v", j.Kind, j.State, want, j.Failures)
	}
	return j
}

// await waits until every job has ended.
func (f *fixture) await(ids ...store.ID) {
	f.t.Helper()
	for _, id := range ids {
		hints, stop := f.store.Watch(store.Topic{What: store.OnJob, ID: id})
		for !f.get(id).State.Final() {
			<-hints
		}
		stop()
	}
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, cfg executor.Config, test func(t *testing.T, f *fixture)) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, cfg)
		defer f.close()
		test(t, f)
	})
}

func jobs(n int, kind string) []queue.NewJob {
	return slices.Repeat([]queue.NewJob{{Kind: kind, MaxAttempts: 1}}, n)
}

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
			time.Sleep(30 * time.Second)
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
	f.serve("default", 4)
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
