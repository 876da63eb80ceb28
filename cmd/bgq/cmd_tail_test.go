package main

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// console is a stream that hands on each line.
type console struct {
	mu    sync.Mutex
	all   bytes.Buffer
	rest  []byte
	lines chan string
}

func newConsole() *console { return &console{lines: make(chan string, 1000)} }

func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all.Write(p)
	c.rest = append(c.rest, p...)
	for {
		i := bytes.IndexByte(c.rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		c.lines <- string(c.rest[:i])
		c.rest = c.rest[i+1:]
	}
}

func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all.String()
}

// until returns the first line that has a text.
func (c *console) until(t *testing.T, text string) string {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case l := <-c.lines:
			if strings.Contains(l, text) {
				return l
			}
		case <-limit:
			t.Fatalf("%q does not come:\n%s", text, c)
		}
	}
}

// program opens a file as an app does, with a handler for kind "ok".
func program(t *testing.T, path string) *bgclient.Client {
	t.Helper()
	c, err := bgclient.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	ok := func(context.Context, *store.Job) (store.Value, error) { return store.Value{0xc0}, nil }
	if err := bgclient.RegisterRaw(c, "ok", ok, executor.HandlerOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return c
}

// coax enqueues jobs of a kind until one of them is printed: only then is it sure that the tail listens.
func coax(t *testing.T, c *bgclient.Client, kind string, out *console) {
	t.Helper()
	for range 400 {
		must(c.Queue().Enqueue(t.Context(), queue.NewJob{Kind: kind}))
		select {
		case <-out.lines:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("nothing is printed: %s", out)
}

func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	if err := program(t, path).Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	stdout, stderr := newConsole(), newConsole()
	left := make(chan int, 1)
	go func() {
		left <- newApp(strings.NewReader(""), stdout, stderr).execute(ctx, []string{"tail", "--db", path, "-f", "-kind:noise"})
	}()
	stderr.until(t, "no app runs: waiting for one")

	c := program(t, path)
	coax(t, c, "first", stdout)
	must(c.Queue().Enqueue(t.Context(), queue.NewJob{Kind: "noise"}))
	id := must(c.Queue().Enqueue(t.Context(), queue.NewJob{Kind: "ok", Queue: queue.DefaultQueue}))[0].ID
	for _, want := range []string{"new       → available", "available → running  ", "running   → completed"} {
		line := stdout.until(t, id.String())
		if !strings.Contains(line, id.String()+"  "+want+"  ok  default") {
			t.Errorf("%q is not %q", line, want)
		}
	}
	if err := c.Queue().Pause(t.Context(), "img", "disk full"); err != nil {
		t.Fatal(err)
	}
	stdout.until(t, "queue img: its settings were changed")
	must(c.Queue().Delete(t.Context(), id))
	stdout.until(t, "completed → deleted")
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	stderr.until(t, "no app runs: waiting for one")

	c = program(t, path)
	defer c.Close(context.Background())
	coax(t, c, "second", stdout)
	stderr.until(t, "-- gap: events were lost --")
	interrupt()
	if code := <-left; code != int(exitInterrupted) {
		t.Errorf("exit code %d:\n%s", code, stderr)
	}
	if strings.Contains(stdout.String(), "noise") {
		t.Errorf("what the filter excludes is printed:\n%s", stdout)
	}
}

// As JSON every event is a line, and so is a gap.
func TestTailJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	c := program(t, path)
	ctx, interrupt := context.WithCancel(t.Context())
	stdout, stderr := newConsole(), newConsole()
	left := make(chan int, 1)
	go func() {
		left <- newApp(strings.NewReader(""), stdout, stderr).execute(ctx, []string{"tail", "--db", path, "-o", "json"})
	}()
	coax(t, c, "k", stdout)
	id := must(c.Queue().Enqueue(t.Context(), queue.NewJob{Kind: "ok"}))[0].ID
	var e wire.Event
	if err := json.Unmarshal([]byte(stdout.until(t, id.String())), &e); err != nil || e.Type != wire.EventJob || e.Job != id || e.To != "available" {
		t.Errorf("%+v, %v", e, err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	stderr.until(t, "waiting for one")
	c = program(t, path)
	defer c.Close(context.Background())
	for !strings.Contains(stdout.String(), `"type":"gap"`) {
		coax(t, c, "k", stdout) // which fails if nothing comes any more
	}
	interrupt()
	if code := <-left; code != int(exitInterrupted) || strings.Contains(stderr.String(), "gap") {
		t.Errorf("exit code %d:\n%s", code, stderr)
	}
}
