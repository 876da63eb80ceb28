package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// commandLine returns how the contestant runs true for each line of its input, as many at
// once as there are processors. What they keep differs, and cannot be made equal: bgq syncs
// every outcome, GNU parallel writes a joblog without syncing it, xargs remembers nothing.
func commandLine(t *trial, resume bool) []string {
	j := strconv.Itoa(runtime.NumCPU())
	switch t.Contestant {
	case "bgq":
		return []string{t.Bgq, "run", "--db", filepath.Join(t.Dir, "run.db"), "-j", j, "--progress", "none", "--", "true", "{}"}
	case "parallel":
		args := []string{"parallel", "-j", j, "--joblog", filepath.Join(t.Dir, "joblog")}
		if resume {
			args = append(args, "--resume")
		}
		return append(args, "true", "{}")
	default:
		return []string{"xargs", "-P", j, "-n", "1", "true"}
	}
}

// runCommands measures a run of true from nothing.
func runCommands(ctx context.Context, t *trial) (result, error) {
	n := t.size().Scripts
	took, err := runLines(ctx, t, n, false)
	return result{n, []figure{{"throughput", "processes/s", float64(n) / took.Seconds(), true}}}, err
}

// resumeCommands measures the same line when the first 90 % of its inputs are done.
func resumeCommands(ctx context.Context, t *trial) (result, error) {
	n := t.size().Scripts
	if _, err := runLines(ctx, t, n*9/10, false); err != nil {
		return result{}, err
	}
	settle()
	took, err := runLines(ctx, t, n, true)
	return result{n, []figure{{"throughput", "inputs/s", float64(n) / took.Seconds(), true}}}, err
}

// runLines runs the contestant on n inputs.
func runLines(ctx context.Context, t *trial, n int, resume bool) (time.Duration, error) {
	var input bytes.Buffer
	for i := range n {
		fmt.Fprintln(&input, i)
	}
	args := commandLine(t, resume)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin = &input
	// GNU parallel asks for a citation once a home; here it has one that knows.
	cmd.Env = append(os.Environ(), "PARALLEL_HOME="+t.Dir)
	if err := os.WriteFile(filepath.Join(t.Dir, "will-cite"), nil, 0o600); err != nil {
		return 0, err
	}
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%v: %w\n%s", args, err, out)
	}
	return time.Since(began), nil
}

// inPath looks for a program.
func inPath(name string) func() error {
	return func() error {
		_, err := program(name)
		return err
	}
}
