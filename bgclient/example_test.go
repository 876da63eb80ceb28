package bgclient_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/bgclient"
)

// count is the documentation's own example of mt.base: a slow count.
func count(ctx context.Context, n int) (int, error) {
	sum := 0
	for range n {
		sum++
	}
	return sum, ctx.Err()
}

// scratch returns the name of a new database. Errors are left out of the examples
// where they would hide what is shown.
func scratch() (path string, remove func()) {
	dir, err := os.MkdirTemp("", "bgq-example-")
	if err != nil {
		panic(err)
	}
	return filepath.Join(dir, "app.db"), func() { os.RemoveAll(dir) }
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The whole of it in a few lines: a function with a name, a call that is on disk when
// Invoke returns, and its result. The program of the README is in examples/quickstart.
func Example() {
	path, remove := scratch()
	defer remove()
	ctx := context.Background()
	c, err := bgclient.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(ctx)
	greet, err := bgclient.Register(c, "greet", func(_ context.Context, name string) (string, error) {
		return "hello, " + name, nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := c.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	inv, err := greet.Invoke(ctx, "world") // on disk when this returns
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(inv.Wait(ctx))
	// Output: hello, world <nil>
}

// BgInvoke: call a function in the background, ask whether it runs, take the result.
func ExampleTask_Invoke() {
	path, remove := scratch()
	defer remove()
	ctx := context.Background()
	c := must(bgclient.Open(path))
	defer c.Close(ctx)
	task := must(bgclient.Register(c, "count", count))
	_ = c.Start(ctx)

	inv := must(task.Invoke(ctx, 100_000_000))
	fmt.Println("running:", inv.IsRunning())
	sum, err := inv.Wait(ctx)
	fmt.Println(sum, err)
	fmt.Println("running:", inv.IsRunning())
	again, err := inv.Result() // asking does not consume
	fmt.Println(again, err)
	// Output:
	// running: true
	// 100000000 <nil>
	// running: false
	// 100000000 <nil>
}

// A result is found again by the id of its job, in any later process.
func ExampleAttach() {
	path, remove := scratch()
	defer remove()
	ctx := context.Background()
	c := must(bgclient.Open(path))
	task := must(bgclient.Register(c, "count", count))
	inv := must(task.Invoke(ctx, 42)) // stored, though nothing runs yet
	id := inv.ID()
	_ = c.Close(ctx)

	c = must(bgclient.Open(path)) // the next process
	defer c.Close(ctx)
	must(bgclient.Register(c, "count", count))
	_ = c.Start(ctx)
	again := must(bgclient.Attach[int](c, id))
	fmt.Println(again.Wait(ctx))
	// Output: 42 <nil>
}

// BgInvoke of a closure: recorded, but it dies with its process.
func ExampleInvokeFunc() {
	path, remove := scratch()
	defer remove()
	ctx := context.Background()
	c := must(bgclient.Open(path))
	defer c.Close(ctx)
	_ = c.Start(ctx)

	name := "world"
	inv := must(bgclient.InvokeFunc(ctx, c, func(context.Context) (string, error) {
		return "hello, " + name, nil
	}))
	fmt.Println(inv.Wait(ctx))
	// Output: hello, world <nil>
}

func ExampleInvocation_Cancel() {
	path, remove := scratch()
	defer remove()
	ctx := context.Background()
	c := must(bgclient.Open(path))
	defer c.Close(ctx)
	task := must(bgclient.Register(c, "wait", func(ctx context.Context, _ int) (int, error) {
		<-ctx.Done() // its cause is bgclient.ErrCancelled
		return 0, ctx.Err()
	}))
	_ = c.Start(ctx)

	inv := must(task.Invoke(ctx, 1))
	fmt.Println(inv.Cancel(ctx))
	_, err := inv.Wait(ctx)
	fmt.Println(errors.Is(err, bgclient.ErrCancelled))
	// Output:
	// true <nil>
	// true
}

// BgThread: one function, one call at a time, many calls.
func ExampleNewThread() {
	path, remove := scratch()
	defer remove()
	ctx := context.Background()
	c := must(bgclient.Open(path))
	defer c.Close(ctx)
	task := must(bgclient.Register(c, "count", count))
	_ = c.Start(ctx)

	thread := must(bgclient.NewThread(task, "counter"))
	_ = thread.Invoke(ctx, 1000) // returns at once: nothing is pending
	fmt.Println(thread.Result(ctx))
	_ = thread.Invoke(ctx, 2000)
	fmt.Println(thread.Result(ctx)) // waits for the new one: the first was consumed
	_ = thread.Close(ctx)
	// Output:
	// 1000 <nil>
	// 2000 <nil>
}

// parallelise: killed in the middle, the same call goes on where it was.
func ExampleParallelise() {
	path, remove := scratch()
	defer remove()
	ctx := context.Background()
	c := must(bgclient.Open(path))
	defer c.Close(ctx)
	_ = c.Start(ctx)

	var ran atomic.Int32
	square := func(ctx context.Context, i int) (int, error) {
		ran.Add(1)
		bgclient.Logger(ctx).Debug("squaring") // knows the job and the attempt
		return i * i, nil
	}
	for range 2 {
		results, err := bgclient.Parallelise(ctx, c, "squares-2026-11", 5, square, bgclient.NumThreads(2))
		fmt.Println(results, err, "after", ran.Load(), "calls")
	}
	// Output:
	// [0 1 4 9 16] <nil> after 5 calls
	// [0 1 4 9 16] <nil> after 5 calls
}

// bg_exception='warn': failures are logged, and leave the zero value in their place.
func ExampleOnBgException() {
	path, remove := scratch()
	defer remove()
	ctx := context.Background()
	c := must(bgclient.Open(path, bgclient.WithLogger(zap.NewExample(zap.IncreaseLevel(zap.ErrorLevel)))))
	defer c.Close(ctx)
	_ = c.Start(ctx)

	var failed []int
	results, err := bgclient.Parallelise(ctx, c, "odd", 4, func(_ context.Context, i int) (int, error) {
		if i%2 == 0 {
			return 0, errors.New("even")
		}
		return i, nil
	}, bgclient.OnBgException(bgclient.Warn), bgclient.BatchLogger(zap.NewNop()), bgclient.FailedIndexes(&failed))
	fmt.Println(results, err, "failed:", failed)
	// Output: [0 1 0 3] <nil> failed: [0 2]
}

// bg_run_proc: a procedure in the background, whose failure is a warning in the log.
func ExampleRunProc() {
	path, remove := scratch()
	defer remove()
	ctx := context.Background()
	c := must(bgclient.Open(path))
	defer c.Close(ctx)
	_ = c.Start(ctx)

	done := make(chan string)
	_ = bgclient.RunProc(ctx, c, func(context.Context) error {
		done <- "cleaned up"
		return nil
	})
	fmt.Println(<-done)
	// Output: cleaned up
}

// BgProcManager: many procedures, and a way to wait for all of them.
func ExampleNewProcManager() {
	path, remove := scratch()
	defer remove()
	ctx := context.Background()
	c := must(bgclient.Open(path))
	defer c.Close(ctx)
	_ = c.Start(ctx)

	var n atomic.Int32
	m := bgclient.NewProcManager(c)
	for range 10 {
		_ = m.Append(ctx, func(context.Context) error {
			n.Add(1)
			return nil
		})
	}
	_ = m.WaitUntilEmpty(ctx)
	fmt.Println(n.Load(), m.IsEmpty())
	_ = m.Close(ctx)
	// Output: 10 true
}

var errNoSpace = errors.New("no space on the shelf")

// Registered errors match with errors.Is after a restart too.
func init() {
	if err := bgclient.RegisterError("example_no_space", errNoSpace); err != nil {
		panic(err)
	}
}

// BgException: a failure with its message, its cause chain and its stack, which
// another process can read.
func ExampleBgException() {
	path, remove := scratch()
	defer remove()
	ctx := context.Background()
	put := func(context.Context, int) (int, error) { return 0, fmt.Errorf("putting the book away: %w", errNoSpace) }
	c := must(bgclient.Open(path))
	task := must(bgclient.Register(c, "put", put))
	_ = c.Start(ctx)
	inv := must(task.Invoke(ctx, 1))
	_, _ = inv.Wait(ctx)
	_ = c.Close(ctx)

	c = must(bgclient.Open(path)) // after a restart
	defer c.Close(ctx)
	_, err := must(bgclient.Attach[int](c, inv.ID())).Result()
	if e, ok := errors.AsType[*bgclient.BgException](err); ok {
		fmt.Println(e.Message)
		fmt.Println(e.Kind, "in attempt", e.Attempt, "of", e.JobKind)
	}
	fmt.Println(errors.Is(err, errNoSpace))
	// Output:
	// putting the book away: no space on the shelf
	// error in attempt 1 of put
	// true
}
