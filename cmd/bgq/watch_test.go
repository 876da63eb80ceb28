package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient"
)

// frames hands out what is written, frame by frame.
type frames chan string

func (f frames) Write(p []byte) (int, error) {
	f <- string(p)
	return len(p), nil
}

// --watch keeps no app from starting, and goes on while apps come and go.
func TestWatchGoesOnWhileAppsComeAndGo(t *testing.T) {
	a := seeded(t, 3)
	shown := make(frames)
	a.stdout = shown
	var stderr strings.Builder
	a.stderr = &stderr
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- a.watch(ctx, time.Millisecond, a.status) }()
	await := func(what string) {
		t.Helper()
		for n := 0; !strings.Contains(<-shown, what); n++ {
			if n == 5000 {
				t.Fatalf("%q is not shown", what)
			}
		}
	}
	await("no app runs")
	for range 2 {
		opened := make(chan *bgclient.Client)
		go func() {
			c, err := bgclient.Open(a.db)
			if err != nil {
				t.Error(err)
			}
			opened <- c
		}()
		var c *bgclient.Client
		for c == nil {
			select {
			case <-shown:
			case c = <-opened:
			}
		}
		await("live (pid")
		closed := make(chan error)
		go func() { closed <- c.Close(context.WithoutCancel(ctx)) }()
		for waiting := true; waiting; {
			select {
			case <-shown:
			case err := <-closed:
				waiting = false
				if err != nil {
					t.Error(err)
				}
			}
		}
		await("no app runs")
	}
	cancel()
	for {
		select {
		case <-shown:
		case err := <-ended:
			if codeOf(err) != exitInterrupted || stderr.String() != "" {
				t.Errorf("%v, %q", err, stderr.String())
			}
			return
		}
	}
}

// Off a terminal there is an empty line between two frames.
func TestFramesAreSeparated(t *testing.T) {
	var out strings.Builder
	a := newApp(nil, &out, nil)
	for n := range 2 {
		if err := a.show([]byte("a\nb\n"), n); err != nil {
			t.Fatal(err)
		}
	}
	if out.String() != "a\nb\n\na\nb\n" {
		t.Errorf("%q", out.String())
	}
}
