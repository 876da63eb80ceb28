package bgclient_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/store"
)

// rawBytes is about what one job writes in each of its commits: head, argument,
// index entries and counters.
const rawBytes = 300

// rawCommit measures one commit of group writes of rawBytes in plain bbolt, with the options that
// the journal uses.
func rawCommit(b *testing.B, group int) time.Duration {
	b.Helper()
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "raw.db"), 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	value := make([]byte, rawBytes)
	var n uint64
	commit := func() {
		err := db.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("raw"))
			if err != nil {
				return err
			}
			for range group {
				n++
				if err := bucket.Put(binary.BigEndian.AppendUint64(nil, n), value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	var took []time.Duration
	for range max(20, min(200, 20_000/group)) {
		began := time.Now()
		commit()
		took = append(took, time.Since(began))
	}
	return median(took)
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// BenchmarkInvokeWait is the round trip of one no-op job in an idle queue: it takes two commits.
// raw-commits says how many raw commits that is worth.
func BenchmarkInvokeWait(b *testing.B) {
	f := newFile(b)
	c := f.start()
	defer c.Close(context.Background())
	var began time.Time
	var wake []time.Duration
	task := register(b, c, "noop", func(context.Context, int) (int, error) {
		wake = append(wake, time.Since(began))
		return 0, nil
	})
	raw := rawCommit(b, 1)
	var took []time.Duration
	for b.Loop() {
		began = time.Now()
		inv, err := task.Invoke(context.Background(), 1)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := inv.Wait(context.Background()); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	b.ReportMetric(float64(median(took).Microseconds()), "p50-µs")
	b.ReportMetric(float64(median(wake).Microseconds()), "handler-p50-µs")
	b.ReportMetric(float64(raw.Microseconds()), "raw-commit-µs")
	b.ReportMetric(float64(median(took))/float64(raw), "raw-commits")
}

// BenchmarkNoopJobs works off b.N no-op jobs that are stored already, with 16
// workers, until the last is recorded. Run it with -benchtime 100000x.
func BenchmarkNoopJobs(b *testing.B) {
	f := newFile(b)
	c := f.open(bgclient.WithWorkers(16))
	defer c.Close(context.Background())
	task := register(b, c, "noop", func(context.Context, int) (int, error) { return 0, nil })
	var wait []*bgclient.Invocation[int]
	in := make(chan int)
	out := make(chan *bgclient.Invocation[int], b.N)
	for range 256 {
		go func() {
			for i := range in {
				inv, err := task.Invoke(context.Background(), i)
				if err != nil {
					b.Error(err)
				}
				out <- inv
			}
		}()
	}
	for i := range b.N {
		in <- i
	}
	close(in)
	for range b.N {
		wait = append(wait, <-out)
	}
	raw := rawCommit(b, 256)
	b.ResetTimer()
	began := time.Now()
	f.run(c)
	for _, inv := range wait {
		if _, err := inv.Wait(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	rate := float64(b.N) / time.Since(began).Seconds()
	b.ReportMetric(rate, "jobs/s")
	b.ReportMetric(256/raw.Seconds(), "raw-puts/s")
}

// BenchmarkParallelise runs b.N no-op items. Run it with -benchtime 1000000x.
func BenchmarkParallelise(b *testing.B) {
	f := newFile(b)
	c := f.start()
	defer c.Close(context.Background())
	raw := rawCommit(b, 256)
	b.ResetTimer()
	began := time.Now()
	_, err := bgclient.Parallelise(context.Background(), c, "bench", b.N, func(context.Context, int) (int, error) { return 0, nil },
		bgclient.NumThreads(16))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "items/s")
	b.ReportMetric(256/raw.Seconds(), "raw-puts/s")
}

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
