package executor_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// set puts the settings of a queue.
func (f *fixture) set(name string, workers int, rate float64) {
	f.t.Helper()
	if err := f.store.PutQueue(context.Background(), store.QueueInfo{Name: name, Workers: workers, Rate: rate}); err != nil {
		f.t.Fatal(err)
	}
}

// clock notes when jobs start.
type clock struct {
	began time.Time
	mu    sync.Mutex
	at    []time.Duration
}

func newClock() *clock { return &clock{began: time.Now()} }

func (c *clock) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = append(c.at, time.Since(c.began))
}

func (c *clock) ticks() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.at)
}

func TestWorkersAreSetWhileRunning(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		var now atomic.Int32
		f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
			now.Add(1)
			defer now.Add(-1)
			time.Sleep(time.Second)
			return null, nil
		})
		f.set("default", 4, 0) // before it is opened: found at the start
		f.serve("default", 2)
		f.start()
		ids := f.enqueue(jobs(60, "k")...)
		running := func(want int) {
			t.Helper()
			synctest.Wait()
			if n := now.Load(); int(n) != want {
				t.Errorf("%d jobs run at once, want %d", n, want)
			}
			if l := f.Lanes()[0]; l.Running != want {
				t.Errorf("want %d running: %+v", want, l)
			}
		}
		running(4)
		f.set("default", 7, 0)
		running(7)
		f.set("default", 1, 0)
		running(7) // what runs goes on
		time.Sleep(1500 * time.Millisecond)
		running(1)
		if n, ok := f.Serves("default"); n != 1 || !ok {
			t.Error(n, ok)
		}
		f.serve("default", 2) // the operator goes before the program
		running(1)
		if l := f.Lanes()[0]; l.Workers != 1 || l.Configured != 2 {
			t.Errorf("%+v", l)
		}
		f.set("default", 0, 0)
		running(2)
		f.serve("default", 3)
		if n, ok := f.Serves("default"); n != 3 || !ok {
			t.Error(n, ok)
		}
		f.serve("default", 0)
		if n, ok := f.Serves("default"); n != 0 || !ok {
			t.Error(n, ok)
		}
		f.set("default", 9, 0)
		running(9)
		if err := f.Unserve(t.Context(), "default"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := now.Load(); n != 0 {
			t.Errorf("%d jobs run of a queue that is not served", n)
		}
		if _, ok := f.Serves("default"); ok || len(f.Lanes()) != 0 {
			t.Error("it is still served")
		}
		f.serve("default", 1)
		running(9) // the settings are still there
		f.await(ids...)
		f.stop()
	})
}

func TestRateLimitsStarts(t *testing.T) {
	for _, c := range []struct {
		name  string
		rate  float64
		n     int
		slots int
		first int           // started at once
		every time.Duration // and then
	}{
		{"a fraction", 0.5, 5, 4, 1, 2 * time.Second},
		{"a few", 4, 9, 8, 1, 250 * time.Millisecond},
		{"one slot", 4, 9, 1, 1, 250 * time.Millisecond},
		{"many", 100, 60, 64, 10, 10 * time.Millisecond},
		{"thirds", 3, 7, 8, 1, 333333333 * time.Nanosecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
				f.set("default", 0, c.rate)
				starts := newClock()
				f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
					starts.tick()
					return null, nil
				})
				other := newClock()
				f.handle("other", func(context.Context, *store.Job) (store.Value, error) {
					other.tick()
					time.Sleep(50 * time.Millisecond)
					return null, nil
				})
				f.serve("default", c.slots)
				f.serve("free", 2)
				ids := f.enqueue(jobs(c.n, "k")...)
				free := make([]queue.NewJob, 40)
				for i := range free {
					free[i] = queue.NewJob{Kind: "other", Queue: "free"}
				}
				free2 := f.enqueue(free...)
				f.start()
				f.await(append(ids, free2...)...)
				for i, at := range starts.ticks() {
					if want := time.Duration(max(0, i-c.first+1)) * c.every; at != want {
						t.Errorf("start %d at %v, want %v", i, at, want)
					}
				}
				if last := other.ticks()[39]; last != 19*50*time.Millisecond {
					t.Errorf("a queue beside it took until %v", last)
				}
				f.stop()
			})
		})
	}
}

func TestRateIsSetWhileRunning(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		starts := newClock()
		f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
			starts.tick()
			time.Sleep(time.Millisecond)
			return null, nil
		})
		f.serve("default", 2)
		f.start()
		f.set("default", 0, 0.001) // one in 17 minutes
		ids := f.enqueue(jobs(30, "k")...)
		time.Sleep(time.Minute)
		if n := len(starts.ticks()); n != 1 {
			t.Fatalf("%d started, want 1", n)
		}
		if l := f.Lanes()[0]; l.Rate != 0.001 {
			t.Errorf("%+v", l)
		}
		f.set("default", 0, 2) // the next comes when this says, not when the last did
		time.Sleep(4800 * time.Millisecond)
		if n := len(starts.ticks()); n != 10 {
			t.Errorf("%d started, want 10", n)
		}
		f.set("default", 0, 0.001)
		time.Sleep(time.Minute)
		if n := len(starts.ticks()); n != 10 {
			t.Errorf("%d started, want 10", n)
		}
		lifted := time.Since(starts.began)
		f.set("default", 0, 0)
		f.await(ids...)
		if last := starts.ticks()[29]; last > lifted+20*time.Millisecond {
			t.Errorf("without a limit the last one started %v later", last-lifted)
		}
		f.stop()
	})
}

// TestRatesDoNotPoll: a limit costs nothing while there is nothing to start.
func TestRatesDoNotPoll(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		counting := &between{Store: f.store}
		f.over(counting, executor.Config{})
		f.handle("k", func(context.Context, *store.Job) (store.Value, error) { return null, nil })
		f.serve("default", 100)
		f.serve("slow", 100)
		f.set("default", 0, 1000)
		f.set("slow", 0, 0.01)
		f.start()
		f.await(f.enqueue(queue.NewJob{Kind: "k"}, queue.NewJob{Kind: "k", Queue: "slow"})...)
		time.Sleep(time.Hour)
		if n := counting.claims.Load(); n > 10 {
			t.Errorf("%d claims in an idle hour", n)
		}
		f.stop()
	})
}

// TestSuspectsHeedTheRate: suspects wait for tokens, are first when one comes, run alone,
// and nobody else waits for their tokens.
func TestSuspectsHeedTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, executor.Config{})
		f.enqueue(jobs(3, "suspect")...)
		if _, err := f.q.Claim(t.Context(), queue.ClaimRequest{Want: []store.Want{{Queue: "default", N: 3}}}); err != nil {
			t.Fatal(err)
		}
		f.close() // as a crash would leave it
		f.open(executor.Config{})
		defer f.close()
		f.set("default", 0, 0.5)
		var alone atomic.Int32
		suspects, normal, free := newClock(), newClock(), newClock()
		f.handle("suspect", func(context.Context, *store.Job) (store.Value, error) {
			suspects.tick()
			if alone.Add(1) != 1 {
				t.Error("a suspect runs beside another job")
			}
			time.Sleep(100 * time.Millisecond)
			alone.Add(-1)
			return null, nil
		})
		f.handle("normal", func(context.Context, *store.Job) (store.Value, error) {
			normal.tick()
			return null, nil
		})
		f.handle("free", func(context.Context, *store.Job) (store.Value, error) {
			free.tick()
			alone.Add(1)
			time.Sleep(10 * time.Millisecond)
			alone.Add(-1)
			return null, nil
		})
		f.serve("default", 4)
		f.serve("free", 1)
		ids := f.enqueue(jobs(2, "normal")...)
		for range 300 {
			ids = append(ids, f.enqueue(queue.NewJob{Kind: "free", Queue: "free"})...)
		}
		f.start()
		f.await(ids...)
		seconds := func(c *clock) (all []float64) {
			for _, at := range c.ticks() {
				all = append(all, at.Round(100*time.Millisecond).Seconds())
			}
			return all
		}
		if got := seconds(suspects); !slices.Equal(got, []float64{0, 2, 4}) {
			t.Errorf("suspects started at %v s", got)
		}
		if got := seconds(normal); !slices.Equal(got, []float64{6, 8}) {
			t.Errorf("the other jobs of their queue started at %v s", got)
		}
		if last := free.ticks()[299]; last > 3400*time.Millisecond {
			t.Errorf("those of another queue took until %v, and all they had to wait for were 0.2 s", last)
		}
		f.stop()
	})
}

// TestPausedSuspectsWait: a rate does not make a paused queue run.
func TestPausedSuspectsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, executor.Config{})
		ids := f.enqueue(jobs(2, "k")...)
		if _, err := f.q.Claim(t.Context(), queue.ClaimRequest{Want: []store.Want{{Queue: "default", N: 1}}}); err != nil {
			t.Fatal(err)
		}
		f.close()
		f.open(executor.Config{})
		defer f.close()
		var runs atomic.Int32
		f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
			runs.Add(1)
			return null, nil
		})
		f.serve("default", 2)
		put := func(paused bool) {
			if err := f.store.PutQueue(t.Context(), store.QueueInfo{Name: "default", Paused: paused, Rate: 10}); err != nil {
				t.Fatal(err)
			}
		}
		put(true)
		f.start()
		time.Sleep(time.Minute)
		if n := runs.Load(); n != 0 {
			t.Errorf("%d jobs ran of a paused queue", n)
		}
		put(false)
		f.await(ids...)
		f.stop()
	})
}

// TestRateHoldsWithAStock runs in real time, since in a bubble there is no stock.
func TestRateHoldsWithAStock(t *testing.T) {
	const rate, burst = 5000, 500
	f := newFixture(t, executor.Config{})
	defer f.close()
	f.set("default", 0, rate)
	starts := &clock{}
	f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
		starts.tick()
		return null, nil
	})
	f.serve("default", 4)
	ids := f.enqueue(jobs(2000, "k")...)
	starts.began = time.Now()
	f.start()
	f.await(ids...)
	f.stop()
	for i, at := range starts.ticks() {
		if earliest := time.Duration(i+1-burst) * time.Second / rate; at < earliest {
			t.Fatalf("start %d after %v, before its time, %v", i, at, earliest)
		}
	}
	t.Logf("2000 jobs in %v", time.Since(starts.began))
}

// TestNothingStartsBeforeTheSettingsAreKnown: the limit holds for the first job already.
func TestNothingStartsBeforeTheSettingsAreKnown(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		between := &between{Store: f.store}
		between.queues = func() error {
			time.Sleep(time.Second)
			return nil
		}
		f.over(between, executor.Config{})
		starts := newClock()
		f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
			starts.tick()
			return null, nil
		})
		f.serve("default", 2)
		f.start()
		f.await(f.enqueue(jobs(2, "k")...)...)
		for _, at := range starts.ticks() {
			if at != time.Second {
				t.Errorf("a job started after %v", at)
			}
		}
		f.stop()
	})
}

// TestSettingsAreReadAgain: jobs run also when the settings cannot be read, and these hold as
// soon as they can.
func TestSettingsAreReadAgain(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		between := &between{Store: f.store}
		tries := 0
		between.queues = func() error {
			if tries++; tries <= 2 {
				return store.ErrCorrupt
			}
			return nil
		}
		f.over(between, executor.Config{})
		f.handle("k", func(context.Context, *store.Job) (store.Value, error) { return null, nil })
		f.set("default", 5, 0)
		f.serve("default", 1)
		f.start()
		f.await(f.enqueue(jobs(2, "k")...)...)
		time.Sleep(1900 * time.Millisecond)
		if n, _ := f.Serves("default"); n != 1 {
			t.Errorf("%d workers, and nobody could know", n)
		}
		time.Sleep(200 * time.Millisecond)
		if n, _ := f.Serves("default"); n != 5 {
			t.Errorf("%d workers when the settings can be read", n)
		}
		f.stop()
	})
}
