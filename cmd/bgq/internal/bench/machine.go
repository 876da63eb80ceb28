package bench

import (
	"context"
	"errors"
	"os"
	"runtime"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Machine is where the scenarios are measured.
type Machine struct {
	Go       string `json:"go"`
	Platform string `json:"platform"`
	CPUs     int    `json:"cpus"`
	Procs    int    `json:"gomaxprocs"`
	// Filesystem is the kind of it, or "" where that is not known.
	Filesystem string `json:"filesystem"`
}

// Machine describes where the scenarios are measured.
func (e *Env) Machine() Machine {
	return Machine{
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), Procs: runtime.GOMAXPROCS(0), Filesystem: filesystem(e.dir),
	}
}

// InMemory tells whether syncing costs nothing there.
func (m Machine) InMemory() bool { return m.Filesystem == "tmpfs" || m.Filesystem == "ramfs" }

// Limits is what the machine can do at the most.
type Limits struct {
	// Syncs is how often 4 KB of a file can be overwritten and synced.
	Syncs float64 `json:"syncs_per_second"`
	// Commits is how many commits raw bbolt makes, each with one put of the bytes of a job.
	Commits float64 `json:"raw_commits_per_second"`
}

// Limits measures what the machine can do at the moment.
func (e *Env) Limits(ctx context.Context) (Limits, error) {
	e.say("measuring the limits of the disk")
	w, err := e.weigh(ctx, noop(e.name(), smallArgs))
	if err != nil {
		return Limits{}, err
	}
	syncs, err := e.inFile(ctx, nil, e.syncs)
	if err != nil {
		return Limits{}, err
	}
	commits, err := e.inFile(ctx, nil, func(ctx context.Context, path string) (take, error) {
		return withinRaw(path, func(r *raw) (take, error) {
			put := r.step(w.enqueue)
			return e.often(ctx, func() error { return put(store.NewID()) })
		})
	})
	return Limits{Syncs: syncs.value, Commits: commits.value}, err
}

// syncs overwrites and syncs a block of a file.
func (e *Env) syncs(ctx context.Context, path string) (t take, err error) {
	const block = 4096
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return take{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	// Its blocks are there before: overwriting them changes nothing but data.
	if _, err := f.Write(noise(1 << 20)); err != nil {
		return take{}, err
	}
	if err := f.Sync(); err != nil {
		return take{}, err
	}
	data, n := noise(block), int64(0)
	return e.often(ctx, func() error {
		data[0]++
		n++
		_, err := f.WriteAt(data, n*block%(1<<20))
		return errors.Join(err, datasync(f))
	})
}

// often calls fn for a while.
func (e *Env) often(ctx context.Context, fn func() error) (take, error) {
	n, end := 0, e.span()
	took, err := timedRaw(func() error {
		for began := time.Now(); time.Since(began) < end; n++ {
			if err := errors.Join(ctx.Err(), fn()); err != nil {
				return err
			}
		}
		return nil
	})
	return rate(n, took), err
}
