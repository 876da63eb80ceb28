package bgclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func double(_ context.Context, n int) (int, error) { return 2 * n, nil }

func TestInvokeWaitResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		task := register(t, c, "double", func(ctx context.Context, n int) (int, error) {
			time.Sleep(time.Second)
			return double(ctx, n)
		})
		inv, err := task.Invoke(t.Context(), 21)
		if err != nil {
			t.Fatal(err)
		}
		if !inv.IsRunning() {
			t.Error("it is not running")
		}
		if _, err := inv.Result(); !errors.Is(err, bgclient.ErrNotFinished) || !strings.Contains(err.Error(), inv.ID().String()) {
			t.Errorf("too early: %v", err)
		}
		if got, err := inv.Wait(t.Context()); got != 42 || err != nil {
			t.Errorf("%v %v", got, err)
		}
		if inv.IsRunning() {
			t.Error("it is still running")
		}
		for range 2 { // asking does not consume
			if got, err := inv.Result(); got != 42 || err != nil {
				t.Errorf("%v %v", got, err)
			}
		}
		f.close(c)
		// After a restart, in another process.
		c = f.open()
		again, err := bgclient.Attach[int](c, inv.ID())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := again.Result(); got != 42 || err != nil {
			t.Errorf("after reopening: %v %v", got, err)
		}
		wrong, err := bgclient.Attach[string](c, inv.ID())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := wrong.Result(); err == nil || !strings.Contains(err.Error(), "string") || !strings.Contains(err.Error(), "int") {
			t.Errorf("the wrong type: %v", err)
		}
		if _, err := bgclient.Attach[int](c, store.NewID()); !errors.Is(err, bgclient.ErrNotFound) {
			t.Errorf("a strange id: %v", err)
		}
		f.close(c)
		if _, err := inv.Result(); !errors.Is(err, bgclient.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestTheFiveAnswersNeverBlur(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		defer f.close(c)
		task := register(t, c, "k", func(ctx context.Context, what string) (*int, error) {
			switch what {
			case "fail":
				return nil, errors.New("failed")
			case "wait":
				<-ctx.Done()
			}
			return nil, nil
		})
		answer := func(what string) error {
			inv, err := task.Invoke(t.Context(), what)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if what == "cancel" || what == "wait" {
				_, err = inv.Result()
			}
			if what == "wait" {
				if !errors.Is(err, bgclient.ErrNotFinished) {
					t.Errorf("before the end: %v", err)
				}
				if ok, err := inv.Cancel(t.Context()); !ok || err != nil {
					t.Errorf("cancel: %v %v", ok, err)
				}
				if ok, err := inv.Cancel(t.Context()); ok || err != nil {
					t.Errorf("cancel twice: %v %v", ok, err)
				}
			}
			if what == "delete" {
				if _, err := c.Queue().Delete(t.Context(), inv.ID()); err != nil {
					t.Fatal(err)
				}
			}
			_, err = inv.Wait(t.Context())
			return err
		}
		if err := answer("nil"); err != nil {
			t.Errorf("a nil result: %v", err)
		}
		if _, ok := errors.AsType[*bgclient.BgException](answer("fail")); !ok {
			t.Error("a failure is no BgException")
		}
		if err := answer("wait"); !errors.Is(err, bgclient.ErrCancelled) {
			t.Errorf("cancelled: %v", err)
		}
		if err := answer("delete"); !errors.Is(err, bgclient.ErrNotFound) {
			t.Errorf("deleted: %v", err)
		}
	})
}

type stockError struct{ Left int }

func (e *stockError) Error() string { return fmt.Sprintf("only %d left", e.Left) }

var errSoldOut = errors.New("sold out")

func init() {
	if err := bgclient.RegisterError("test_sold_out", errSoldOut); err != nil {
		panic(err)
	}
}

func TestAnErrorChainSurvivesARestart(t *testing.T) {
	f := newFile(t)
	c := f.start()
	task := register(t, c, "buy", func(context.Context, string) (int, error) {
		return 0, fmt.Errorf("buying: %w", errors.Join(&stockError{3}, errSoldOut, io.ErrUnexpectedEOF))
	})
	inv, err := task.Invoke(t.Context(), "tea")
	if err != nil {
		t.Fatal(err)
	}
	_, err = inv.Wait(t.Context())
	// While the process lives the live error can be reached.
	if e, ok := errors.AsType[*stockError](err); !ok || e.Left != 3 || !errors.Is(err, errSoldOut) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("live: %v", err)
	}
	f.close(c)
	c = f.open()
	defer f.close(c)
	again, err := bgclient.Attach[int](c, inv.ID())
	if err != nil {
		t.Fatal(err)
	}
	_, err = again.Result()
	e, ok := errors.AsType[*bgclient.BgException](err)
	if !ok || e.Job != inv.ID() || e.Attempt != 1 || e.Kind != store.FailError || !strings.HasPrefix(e.Message, "buying: only 3 left") {
		t.Fatalf("after reopening: %+v", err)
	}
	if !errors.Is(err, errSoldOut) {
		t.Error("the registered sentinel does not match")
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("a sentinel that was never registered matches")
	}
	if long := fmt.Sprintf("%+v", err); !strings.Contains(long, "stockError") || !strings.Contains(long, "only 3 left") {
		t.Errorf("%s", long)
	}
}

func TestUnencodableArgumentsAreAnErrorAtInvoke(t *testing.T) {
	f := newFile(t)
	c := f.start()
	defer f.close(c)
	task := register(t, c, "k", func(context.Context, any) (any, error) { return make(chan int), nil })
	if _, err := task.Invoke(t.Context(), func() {}); err == nil || !strings.Contains(err.Error(), "func()") {
		t.Errorf("a function: %v", err)
	}
	if rows, err := c.Queue().Count(t.Context(), store.Filter{}); err != nil || queue.Total(rows) != 0 {
		t.Errorf("something was stored: %v %v", rows, err)
	}
	inv, err := task.Invoke(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inv.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "chan int") {
		t.Errorf("a channel as a result: %v", err)
	}
}

func TestInvokeOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		defer f.close(c)
		task := register(t, c, "k", double, bgclient.OnQueue("other"), bgclient.Tags("a"))
		ctx := t.Context()
		inv, err := task.Enqueue(ctx, 1, bgclient.Delay(time.Hour), bgclient.Priority(-3), bgclient.Tags("b"),
			bgclient.MaxRecoveries(0), bgclient.Timeout(time.Minute), bgclient.Unique("u"))
		if err != nil {
			t.Fatal(err)
		}
		j, err := inv.Job(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if j.Queue != "other" || j.State != store.Scheduled || j.Priority != -3 || fmt.Sprint(j.Tags) != "[a b]" || j.MaxAttempts != 25 || j.MaxRecoveries != 0 || j.Timeout != time.Minute {
			t.Errorf("%+v", j)
		}
		if same, err := task.Enqueue(ctx, 2, bgclient.Unique("u")); err != nil || same.ID() != inv.ID() {
			t.Errorf("a duplicate: %v %v", same, err)
		}
		if _, err := task.Enqueue(ctx, 2, bgclient.Unique("u"), bgclient.RefuseDuplicate()); err == nil {
			t.Error("a duplicate is not refused")
		}
		began := time.Now()
		if got, err := inv.Wait(ctx); got != 2 || err != nil || time.Since(began) != time.Hour {
			t.Errorf("%v %v after %v", got, err, time.Since(began))
		}
		id := store.NewID()
		for range 2 {
			if inv, err := task.Invoke(ctx, 5, bgclient.WithID(id)); err != nil || inv.ID() != id {
				t.Errorf("%v %v", inv, err)
			}
		}
		for name, o := range map[string]bgclient.InvokeOption{
			"attempts": bgclient.MaxAttempts(0), "timeout": bgclient.Timeout(0), "queue": bgclient.OnQueue(""),
			"unique": bgclient.Unique(""), "backoff": bgclient.RetryBackoff(queue.Backoff{}), "recoveries": bgclient.MaxRecoveries(-1),
		} {
			if _, err := task.Invoke(ctx, 1, o); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
	})
}

func TestRegistering(t *testing.T) {
	f := newFile(t)
	c := f.open()
	defer f.close(c)
	register(t, c, "k", double)
	for _, kind := range []string{"k", "", "func", "parallelise"} {
		if _, err := bgclient.Register(c, kind, double); err == nil {
			t.Errorf("%q can be registered", kind)
		}
	}
	if _, err := bgclient.Register[int, int](c, "nil", nil); err == nil {
		t.Error("nil can be registered")
	}
}

func TestInvokeFuncIsRecordedButNotRestarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		x := 20
		inv, err := bgclient.InvokeFunc(t.Context(), c, func(ctx context.Context) (int, error) {
			if bgclient.FromContext(ctx) != c || bgclient.Job(ctx) == nil {
				t.Error("the client is not in the context")
			}
			return x + 1, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := inv.Wait(t.Context()); got != 21 || err != nil {
			t.Errorf("%v %v", got, err)
		}
		late, err := bgclient.InvokeFunc(t.Context(), c, func(context.Context) (int, error) { return 1, nil }, bgclient.Delay(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		f.close(c)
		c = f.open()
		defer f.close(c)
		again, err := bgclient.Attach[int](c, late.ID())
		if err != nil {
			t.Fatal(err)
		}
		_, err = again.Result()
		if e, ok := errors.AsType[*bgclient.BgException](err); !ok || e.Kind != store.FailCrash {
			t.Errorf("after a restart: %v", err)
		}
	})
}

func TestInvokeTxIsPartOfTheTransaction(t *testing.T) {
	f := newFile(t)
	c := f.start()
	defer f.close(c)
	task := register(t, c, "k", double)
	undo := errors.New("undo")
	var inv *bgclient.Invocation[int]
	err := c.Update(t.Context(), func(tx *bbolt.Tx) (err error) {
		if inv, err = task.InvokeTx(tx, 4); err != nil {
			return err
		}
		return undo
	})
	if !errors.Is(err, undo) {
		t.Fatal(err)
	}
	if _, err := inv.Result(); !errors.Is(err, bgclient.ErrNotFound) {
		t.Errorf("rolled back: %v", err)
	}
	err = c.Update(t.Context(), func(tx *bbolt.Tx) (err error) {
		b, err := tx.CreateBucketIfNotExists([]byte("mine"))
		if err != nil {
			return err
		}
		if err := b.Put([]byte("order"), []byte("7")); err != nil {
			return err
		}
		inv, err = task.InvokeTx(tx, 4)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := inv.Wait(t.Context()); got != 8 || err != nil {
		t.Errorf("%v %v", got, err)
	}
}

func TestWaitEndsWithItsContextAndWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.open() // never started
		task := register(t, c, "k", double)
		inv, err := task.Invoke(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := inv.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		go func() {
			time.Sleep(time.Second)
			f.close(c)
		}()
		if _, err := inv.Wait(t.Context()); !errors.Is(err, bgclient.ErrClosed) {
			t.Errorf("%v", err)
		}
		synctest.Wait()
	})
}

// TestWaitForAFailureThatMatchesErrNotFinished: the error of a handler that asked
// another invocation too early is an end like any other.
func TestWaitForAFailureThatMatchesErrNotFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFile(t)
		c := f.start()
		defer f.close(c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		inv, err := bgclient.InvokeFunc(ctx, c, func(context.Context) (int, error) { return 0, bgclient.ErrNotFinished })
		if err != nil {
			t.Fatal(err)
		}
		_, err = inv.Wait(ctx)
		if _, ok := errors.AsType[*bgclient.BgException](err); !ok {
			t.Error(err)
		}
	})
}

func TestACancelledFunctionIsLetGo(t *testing.T) {
	f := newFile(t)
	c := f.start()
	defer f.close(c)
	held := new([1 << 20]byte)
	there := weak.Make(held)
	inv, err := bgclient.InvokeFunc(t.Context(), c, func(context.Context) (byte, error) { return held[0], nil }, bgclient.Held())
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	if there.Value() == nil {
		t.Fatal("the function of a waiting job is gone")
	}
	if ok, err := inv.Cancel(t.Context()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	runtime.GC()
	if there.Value() != nil {
		t.Error("the function of a cancelled job is kept")
	}
}
