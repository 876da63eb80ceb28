package bgclient_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/store"
)

// BenchmarkHeap reports what a stored job and what a waiting caller hold in memory.
func BenchmarkHeap(b *testing.B) {
	const stored, waiting = 20_000, 5_000
	heap := func() (heap, stacks float64) {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc), float64(m.StackInuse)
	}
	for b.Loop() {
		f := newFile(b)
		c := f.open()
		task := register(b, c, "noop", func(context.Context, int) (int, error) { return 0, nil })
		before, _ := heap()
		ids := make([]store.ID, 0, stored)
		in := make(chan int)
		out := make(chan store.ID, stored)
		for range 64 {
			go func() {
				for i := range in {
					inv, err := task.Invoke(context.Background(), i)
					if err != nil {
						b.Error(err)
					}
					out <- inv.ID()
				}
			}()
		}
		for i := range stored {
			in <- i
		}
		close(in)
		for range stored {
			ids = append(ids, <-out)
		}
		after, stacks := heap()
		b.ReportMetric((after-before)/stored, "heap-B/stored")
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		for _, id := range ids[:waiting] {
			inv, err := bgclient.Attach[int](c, id)
			if err != nil {
				b.Fatal(err)
			}
			go func() {
				_, _ = inv.Wait(ctx)
				done <- struct{}{}
			}()
		}
		for runtime.NumGoroutine() < waiting {
			runtime.Gosched()
		}
		heapNow, stacksNow := heap()
		b.ReportMetric((heapNow-after)/waiting, "heap-B/waiting")
		b.ReportMetric((stacksNow-stacks)/waiting, "stack-B/waiting")
		cancel()
		for range waiting {
			<-done
		}
		if err := c.Close(context.Background()); err != nil {
			b.Fatal(fmt.Errorf("close: %w", err))
		}
	}
}
