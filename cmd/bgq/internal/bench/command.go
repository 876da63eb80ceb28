package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

var commandScenarios = []Scenario{
	{"run", "bgq run of true for 2,000 inputs", "xargs -P, which remembers nothing", seconds, ratioAtMost(runGoal), run},
}

// runGoal is how much longer bgq run may take than xargs -P.
const runGoal = 1.2

// run measures bgq run beside xargs.
func run(ctx context.Context, e *Env) (Result, error) {
	noop, err := exec.LookPath("true")
	if err != nil {
		return e.current.skip("there is no command true"), nil
	}
	n := e.scaled(2000, 10)
	var inputs strings.Builder
	for i := range n {
		fmt.Fprintln(&inputs, i)
	}
	slots := strconv.Itoa(runtime.GOMAXPROCS(0))
	command := func(ctx context.Context, name string, args ...string) *exec.Cmd {
		c := exec.CommandContext(ctx, name, args...)
		c.Dir, c.Stdin = e.dir, strings.NewReader(inputs.String())
		c.Env = append(os.Environ(), "BGQ_DB=")
		return c
	}
	elapsed := func(c *exec.Cmd) (take, error) {
		began := time.Now()
		out, err := c.CombinedOutput()
		if err != nil {
			return take{}, fmt.Errorf("%s: %w: %s", filepath.Base(c.Path), err, out)
		}
		took := time.Since(began)
		return take{n: n, value: took.Seconds(), figures: map[string]float64{"commands_per_second": rate(n, took).value}}, nil
	}
	d := duel{
		bgq: func(ctx context.Context, path string) (take, error) {
			return elapsed(command(ctx, e.cfg.Program, "run", "--db", path, "--name", e.name(), "-j", slots, "--progress", "none", "--", noop, "{}"))
		},
	}
	if xargs, err := exec.LookPath("xargs"); err == nil {
		d.raw = func(ctx context.Context, _ string) (take, error) {
			return elapsed(command(ctx, xargs, "-P", slots, "-n", "1", noop))
		}
	} else if !errors.Is(err, exec.ErrNotFound) {
		return Result{}, err
	}
	return e.duel(ctx, d)
}
