package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// fact is one thing that a reader of figures has to know.
type fact struct{ name, value string }

// about describes the machine and the versions of everybody.
func about(ctx context.Context, p plan) []fact {
	facts := []fact{
		{"date", time.Now().UTC().Format(time.DateOnly)},
		{"machine", fmt.Sprintf("%s/%s, %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())},
		{"go", runtime.Version()},
		{"measured", fmt.Sprintf("size %s, rounds: %d", p.size, p.rounds)},
	}
	add := func(name, command string, args ...string) {
		if out, err := output(ctx, "", command, args...); err == nil {
			first, _, _ := strings.Cut(out, "\n")
			facts = append(facts, fact{name, first})
		}
	}
	add("system", "uname", "-sr")
	if postgres, err := program("postgres", debianPostgres); err == nil {
		add("postgres", postgres, "--version")
	}
	add("redis", "redis-server", "--version")
	add("parallel", "parallel", "--version")
	add("xargs", "xargs", "--version")
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return facts
	}
	for _, m := range info.Deps {
		switch m.Path {
		case "go.etcd.io/bbolt", "github.com/riverqueue/river", "github.com/mikestefanello/backlite", "github.com/hibiken/asynq",
			"github.com/mattn/go-sqlite3", "modernc.org/sqlite", "github.com/jackc/pgx/v5":
			facts = append(facts, fact{m.Path, m.Version})
		}
	}
	return facts
}

// output runs a command in dir and returns what it prints, without the end of the last line.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if failed, ok := err.(*exec.ExitError); ok {
		return "", fmt.Errorf("%s: %w\n%s", cmd, err, failed.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}

func printAbout(w io.Writer, facts []fact, markdown bool) {
	for _, f := range facts {
		if markdown {
			fmt.Fprintf(w, "- %s: %s\n", f.name, f.value)
		} else {
			fmt.Fprintf(w, "%-33s %s\n", f.name, f.value)
		}
	}
	fmt.Fprintln(w)
}
