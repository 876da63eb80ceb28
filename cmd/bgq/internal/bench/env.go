package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// Config says what to measure, and how long.
type Config struct {
	// Dir is where the files are made: in a folder of their own, which Close removes.
	Dir string
	// Rounds is how often each scenario is measured.
	Rounds int
	// Scale multiplies the times and the numbers of jobs; 1 is the full measure.
	Scale float64
	// Others is the number of other jobs in the file, for the further side of each scenario; 0: there is no such side.
	Others int
	// Program is the path of bgq: some scenarios start it, see also [ChildCommand].
	Program string
	// Profile is the folder to write profiles to; empty: none.
	Profile string
	// Say is told what is being done. nil: nobody is.
	Say func(text string)
}

// Env is the place where scenarios are measured. It is for one goroutine.
type Env struct {
	cfg      Config
	dir      string
	files    int
	current  Scenario
	crowds   map[int]string // files with jobs in them, by the number of these
	profiles profiles
}

// Open makes the folder.
func Open(cfg Config) (*Env, error) {
	if cfg.Rounds < 1 || !(cfg.Scale > 0) || cfg.Others < 0 {
		return nil, fmt.Errorf("bench: %d rounds, scale %v, %d others: give at least one round and a scale above 0", cfg.Rounds, cfg.Scale, cfg.Others)
	}
	dir, err := os.MkdirTemp(cfg.Dir, "bgq-bench-")
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	return &Env{cfg: cfg, dir: dir, crowds: map[int]string{}, profiles: profiles{dir: cfg.Profile}}, nil
}

// Dir returns the folder of the files.
func (e *Env) Dir() string { return e.dir }

// Close removes the folder and everything in it.
func (e *Env) Close() error { return os.RemoveAll(e.dir) }

// Run measures a scenario.
func (e *Env) Run(ctx context.Context, s Scenario) (Result, error) {
	e.current = s
	r, err := s.run(ctx, e)
	err = errors.Join(err, e.profiles.write(s.Name))
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", s.Name, err)
	}
	return r, nil
}

func (e *Env) say(format string, args ...any) {
	if e.cfg.Say != nil {
		e.cfg.Say(fmt.Sprintf(format, args...))
	}
}

// path returns a path that was not used before.
func (e *Env) path() string { return filepath.Join(e.dir, e.name()+".db") }

// name returns a name that was not used before, for a file, queue or batch.
func (e *Env) name() string {
	e.files++
	return "bench-" + strconv.Itoa(e.files)
}

// scaled returns a number of jobs: n at full scale, and not less than least.
func (e *Env) scaled(n, least int) int { return max(least, int(float64(n)*e.cfg.Scale)) }

// span returns how long a measurement lasts that has no end of its own: a second at full scale.
func (e *Env) span() time.Duration {
	return max(10*time.Millisecond, time.Duration(float64(time.Second)*e.cfg.Scale))
}

// timed runs what bgq is measured by, and only that: profiles are taken of it. It
// returns the time.
func (e *Env) timed(fn func() error) (time.Duration, error) {
	runtime.GC()
	if err := e.profiles.begin(e.current.Name); err != nil {
		return 0, err
	}
	defer e.profiles.end()
	began := time.Now()
	err := fn()
	return time.Since(began), err
}

// timedRaw is timed for the other side.
func timedRaw(fn func() error) (time.Duration, error) {
	runtime.GC()
	began := time.Now()
	err := fn()
	return time.Since(began), err
}
