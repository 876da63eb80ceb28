package executor_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func TestLookingIn(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		if len(f.Lanes()) != 0 || len(f.Running()) != 0 || len(f.Kinds()) != 0 {
			t.Error("a new executor has something")
		}
		done := make(chan struct{})
		wait := func(context.Context, *store.Job) (store.Value, error) {
			<-done
			return null, nil
		}
		f.handle("b", wait)
		f.handle("a", wait)
		f.serve("mail", 2)
		f.serve("default", 1)
		f.set("mail", 3, 100)
		began := time.Now()
		f.start()
		time.Sleep(time.Second)
		ids := f.enqueue(
			queue.NewJob{Kind: "a", Queue: "mail"}, queue.NewJob{Kind: "b", Queue: "mail"},
			queue.NewJob{Kind: "a"}, queue.NewJob{Kind: "a"})
		synctest.Wait()
		if got := f.Kinds(); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("kinds %q", got)
		}
		want := []executor.Lane{
			{Queue: "default", Workers: 1, Configured: 1, Running: 1},
			{Queue: "mail", Workers: 3, Configured: 2, Running: 2, Rate: 100},
		}
		if got := f.Lanes(); !slices.Equal(got, want) {
			t.Errorf("%+v", got)
		}
		running := f.Running()
		for i, at := range []struct {
			queue string
			slot  int
		}{{"default", 1}, {"mail", 1}, {"mail", 2}} {
			if i >= len(running) {
				t.Fatalf("only %d jobs run", len(running))
			}
			r := running[i]
			j := f.get(r.ID)
			if r.Queue != at.queue || r.Slot != at.slot || r.Kind != j.Kind || r.Attempt != 1 || r.Since.Sub(began) != time.Second || j.State != store.Running {
				t.Errorf("%+v", r)
			}
		}
		if len(running) != 3 {
			t.Errorf("%+v", running)
		}
		close(done)
		f.await(ids...)
		f.stop()
		if len(f.Running()) != 0 || f.Lanes()[0].Running != 0 {
			t.Error("something runs after the end")
		}
	})
}
