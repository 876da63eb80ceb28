package executor_test

import (
	"context"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// park is where a handler waits; its name is looked for in the stacks.
//
//go:noinline
func park(done <-chan struct{}) { <-done }

//go:noinline
func parkHelper(done <-chan struct{}) { park(done) }

//go:noinline
func parkElsewhere(done <-chan struct{}) { park(done) }

func TestStackOfARunningJob(t *testing.T) { synctest.Test(t, stackOfARunningJob) }

func stackOfARunningJob(t *testing.T) {
	f := newFixture(t, executor.Config{})
	defer f.close()
	done := make(chan struct{})
	f.handle("parent", func(ctx context.Context, _ *store.Job) (store.Value, error) {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { parkHelper(done) })
		}
		// Labels of the handler's own do not hide it.
		pprof.Do(ctx, pprof.Labels("mine", `"bgq_slot":"1"`), func(context.Context) { park(done) })
		wg.Wait()
		return null, nil
	})
	f.handle("other", func(context.Context, *store.Job) (store.Value, error) {
		parkElsewhere(done)
		return null, nil
	})
	f.serve("default", 4)
	f.serve(`odd "queue"`, 1)
	f.start()
	// Another executor of the same process, with a queue of the same name.
	g := newFixture(t, executor.Config{})
	defer g.close()
	g.handle("other", func(context.Context, *store.Job) (store.Value, error) {
		parkElsewhere(done)
		return null, nil
	})
	g.serve("default", 4)
	g.start()

	parent := f.enqueue(queue.NewJob{Kind: "parent"})[0]
	other := f.enqueue(queue.NewJob{Kind: "other"})[0]
	odd := f.enqueue(queue.NewJob{Kind: "other", Queue: `odd "queue"`})[0]
	abroad := g.enqueue(queue.NewJob{Kind: "other"})[0]
	synctest.Wait()
	stack, ok := f.Stack(parent)
	if !ok {
		t.Fatal("a running job has no stack")
	}
	if strings.Count(stack, "executor_test.park(...)") != 2 || strings.Count(stack, "parkHelper(...)") != 1 || strings.Contains(stack, "parkElsewhere") {
		t.Errorf("not the goroutines of the job:\n%s", stack)
	}
	first, rest, _ := strings.Cut(stack, "\n\n")
	if !strings.HasPrefix(first, "goroutine of the handler:\ngithub.com/bgq-dev/bgq/executor_test.park(...)\n\t") ||
		!strings.HasPrefix(rest, "3 other goroutines, each:\n") || !strings.Contains(first, "executor/stack_test.go:") {
		t.Errorf("not as it should read:\n%s", stack)
	}
	if strings.Contains(stack, "executor.(*attempt)") {
		t.Errorf("it shows what stands below every handler:\n%s", stack)
	}
	for _, j := range []struct {
		e  *fixture
		id store.ID
	}{{f, other}, {f, odd}, {g, abroad}} {
		if s, ok := j.e.Stack(j.id); !ok || strings.Count(s, "parkElsewhere(...)") != 1 || strings.Count(s, "goroutine") != 1 {
			t.Errorf("%v\n%s", ok, s)
		}
	}
	if s, ok := g.Stack(parent); ok {
		t.Errorf("a job of elsewhere has a stack:\n%s", s)
	}
	close(done)
	f.await(parent, other, odd)
	g.await(abroad)
	if s, ok := f.Stack(parent); ok {
		t.Errorf("a job that has ended has a stack:\n%s", s)
	}
	f.stop()
	g.stop()
}
