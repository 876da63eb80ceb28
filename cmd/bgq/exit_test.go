package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

func TestExitCodes(t *testing.T) {
	file := func(err error) error { return &store.FileError{Path: "a.db", Err: err, Hint: "do this"} }
	for _, c := range []struct {
		err  error
		want exitCode
	}{
		{nil, 0},
		{errors.New("something"), 1},
		{usage("", "no"), 2},
		{fmt.Errorf("wrapped: %w", usage("", "no")), 2},
		{fmt.Errorf("job x: %w", store.ErrNotFound), 5},
		{file(fs.ErrNotExist), 10},
		{file(fmt.Errorf("%w by process 1", store.ErrLocked)), 11},
		{file(fs.ErrPermission), 12},
		{store.ErrRunning, 12},
		{file(store.ErrForeign), 13},
		{file(store.ErrNewerFormat), 13},
		{store.ErrBatchMismatch, 13},
		{file(store.ErrCorrupt), 20},
		{context.DeadlineExceeded, 124},
		{fmt.Errorf("%w: %w", store.ErrUnknown, context.Canceled), 130},
		{wire.NewProblem(wire.CodeBadFilter, "", "x"), 2},
		{wire.NewProblem(wire.CodeJobFailed, "", "x"), 3},
		{wire.NewProblem(wire.CodeNotFound, "", "x"), 5},
		{wire.NewProblem(wire.CodeCountMoved, "", "x"), 12},
		{wire.NewProblem(wire.CodeUnauthorized, "", "x"), 12},
		{wire.NewProblem(wire.CodeDamaged, "", "x"), 20},
		{fmt.Errorf("wrapped: %w", wire.NewProblem(wire.CodeTimeout, "", "x")), 124},
		{wire.NewProblem("from_the_future", "", "x"), 1},
		{leave(4), 4},
		{leave(0), 0},
	} {
		if got := codeOf(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}

func TestReport(t *testing.T) {
	for _, c := range []struct {
		err         error
		table, json string
	}{
		{
			&store.FileError{Path: "a.db", Err: store.ErrCorrupt, Hint: "do this"},
			"bgq: a.db: damaged\n     do this\n",
			`{"error":{"code":"damaged","message":"a.db: damaged","hint":"do this","exit":20}}` + "\n",
		},
		{
			errors.New("odd \x1b[2J"),
			"bgq: odd \\x1b[2J\n",
			`{"error":{"code":"error","message":"odd \u001b[2J","hint":"","exit":1}}` + "\n",
		},
		{
			wire.NewProblem(wire.CodeBusy, "wait for it", "compact is under way"),
			"bgq: compact is under way\n     wait for it\n",
			`{"error":{"code":"refused","message":"compact is under way","hint":"wait for it","exit":12}}` + "\n",
		},
		{leave(exitPartial), "", ""},
	} {
		for f, want := range map[format]string{formatTable: c.table, formatWide: c.table, formatName: c.table, formatJSON: c.json, formatJSONL: c.json, formatYAML: c.json} {
			var b strings.Builder
			report(&b, f, c.err)
			if b.String() != want {
				t.Errorf("%v as %s: %q, want %q", c.err, f, b.String(), want)
			}
		}
	}
}

func TestInterruptedLeavesAtOnce(t *testing.T) {
	a := seeded(t, 1)
	var stderr strings.Builder
	a.stdout, a.stderr = io.Discard, &stderr
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupt signal received"))
	for _, args := range [][]string{{"jobs", "wait", store.NewID().String(), "--timeout", "1h"}, {"jobs", "list"}, {"verify"}} {
		stderr.Reset()
		code := a.execute(ctx, append([]string{"--db", a.db}, args...))
		if code != int(exitInterrupted) || stderr.String() != "bgq: interrupted\n" {
			t.Errorf("%s: exit code %d, %q", args, code, stderr.String())
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// Data that could not be written is never passed over in silence.
func TestFullDiskIsAnError(t *testing.T) {
	a := seeded(t, 1)
	for _, args := range [][]string{
		{"version"}, {"version", "-o", "json"}, {"status"}, {"jobs", "list"}, {"jobs", "list", "-o", "json"},
		{"jobs", "count"}, {"jobs", "count", "--by", "kind"}, {"verify"}, {"batches", "list", "-o", "json"},
	} {
		var stderr strings.Builder
		code := newApp(nil, fullDisk{}, &stderr).execute(t.Context(), append([]string{"--db", a.db}, args...))
		if code != int(exitError) || !strings.Contains(stderr.String(), "no space left") {
			t.Errorf("%v: exit code %d, %q", args, code, stderr.String())
		}
	}
}

// Every code that the help promises is met in a script. (130 is met above.)
func TestEveryExitCodeHasAScript(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, path := range scripts {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	for _, e := range exits {
		if e.code != exitOK && e.code != exitInterrupted && !strings.Contains(all.String(), fmt.Sprintf("exits %d bgq", e.code)) {
			t.Errorf("no script leaves with %d, %s", e.code, e.code)
		}
	}
}
