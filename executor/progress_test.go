package executor_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func TestProgressIsStoredNowAndThen(t *testing.T) {
	executor.Progress(t.Context(), 1, 2, "outside a handler: nothing happens")
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		counting := &between{Store: f.store}
		f.over(counting, executor.Config{})
		f.handle("k", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			for i := range 1000 {
				executor.Progress(ctx, int64(i), 1000, "copying")
				time.Sleep(10 * time.Millisecond)
			}
			executor.Progress(ctx, 1000, 1000, strings.Repeat("long ", 1000))
			return null, nil
		})
		f.handle("quick", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			executor.Progress(ctx, 3, 0, "")
			return null, nil
		})
		f.serve("default", 1)
		f.start()
		id := f.enqueue(queue.NewJob{Kind: "k"})[0]
		time.Sleep(5500 * time.Millisecond)
		if p := f.get(id).Progress; p.Done < 400 || p.Total != 1000 || p.Note != "copying" {
			t.Errorf("half-way: %+v", p)
		}
		f.await(id)
		if p := f.get(id).Progress; p.Done != 1000 || !strings.HasPrefix(p.Note, "long long") || !strings.HasSuffix(p.Note, "(cut, 5000 bytes in all)") {
			t.Errorf("at the end: %+v", p)
		}
		if n := counting.extends.Load(); n < 9 || n > 12 {
			t.Errorf("%d commits in 10 s", n)
		}
		quick := f.enqueue(queue.NewJob{Kind: "quick"})[0]
		f.await(quick)
		if p := f.get(quick).Progress; p != (store.Progress{Done: 3}) {
			t.Errorf("of a quick job: %+v", p)
		}
		f.stop()
	})
}
