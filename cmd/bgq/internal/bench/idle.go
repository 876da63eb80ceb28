package bench

import (
	"context"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/bgq-dev/bgq/queue"
)

var idleScenarios = []Scenario{
	{"idle-cpu", "CPU time of a process with 10,000 scheduled jobs and nothing due", "", cpuPerSecond, valueAtMost(idleGoal), idleCPU},
	{"idle-heap", "heap of a process with 10,000 scheduled jobs and nothing due", "", megabytes, valueAtMost(heapGoal), idleHeap},
}

const (
	// idleGoal is how many milliseconds of CPU time a second count as none: the Go runtime itself wakes up
	// now and then.
	idleGoal = 1
	// heapGoal is in megabytes.
	heapGoal = 10
	// scheduled is how many jobs wait for their time.
	scheduled = 10_000
)

func idleCPU(ctx context.Context, e *Env) (Result, error) {
	if _, err := cpuTime(); err != nil {
		return e.current.skip(err.Error()), nil
	}
	window := max(300*time.Millisecond, min(20*e.span(), 2*time.Second))
	return e.rests(ctx, window, func(r rest) float64 { return millis(r.CPU) / r.Window.Seconds() })
}

func idleHeap(ctx context.Context, e *Env) (Result, error) {
	return e.rests(ctx, 0, func(r rest) float64 { return float64(r.Heap) / 1e6 })
}

// rests measures an idle process, its CPU time in a window of time, by what of picks.
func (e *Env) rests(ctx context.Context, window time.Duration, of func(rest) float64) (Result, error) {
	return e.duel(ctx, duel{bgq: func(ctx context.Context, path string) (take, error) {
		if err := e.schedule(ctx, path); err != nil {
			return take{}, err
		}
		r, err := e.idle(ctx, path, window)
		return take{n: 1, value: of(r)}, err
	}})
}

// schedule stores jobs that are due tomorrow.
func (e *Env) schedule(ctx context.Context, path string) error {
	_, err := within(path, func(j *journal) (take, error) {
		jobs := slices.Repeat([]queue.NewJob{noop(queue.DefaultQueue, smallArgs)}, scheduled)
		tomorrow := j.store.Now().Add(24 * time.Hour)
		for i := range jobs {
			jobs[i].RunAt = tomorrow.Add(time.Duration(i) * time.Second)
		}
		_, err := j.queue.Enqueue(ctx, jobs...)
		return take{}, err
	})
	return err
}

// heap returns the bytes of the objects that are reachable.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools have let go of
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
