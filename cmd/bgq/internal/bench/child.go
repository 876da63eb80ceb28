package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/bgclient"
)

// Some things can be seen only in a process of its own: how it is killed, and what it
// takes when it has done nothing before. Such a child is the program itself, called as
// bgq bench child ROLE FILE [TIME].

// ChildCommand is the argument of bgq bench that must lead to [Child].
const ChildCommand = "child"

// The roles of a child.
const (
	roleWriter = "writer" // stores one job after the other until it is killed
	roleIdler  = "idler"  // has the file open and measures itself
)

// Child plays a role: its arguments are those that follow [ChildCommand]. It writes to
// out what the parent waits for.
func Child(ctx context.Context, args []string, out io.Writer) error {
	switch {
	case len(args) == 2 && args[0] == roleWriter:
		return writer(ctx, args[1], out)
	case len(args) == 3 && args[0] == roleIdler:
		if window, err := time.ParseDuration(args[2]); err == nil {
			return idler(ctx, args[1], window, out)
		}
	}
	return errors.New("bgq bench starts this itself: there is nothing to be done with it by hand")
}

// child makes the command of a child.
func (e *Env) child(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, e.cfg.Program, append([]string{"bench", ChildCommand}, args...)...)
}

// commitsBeforeKill is how many commits a writer makes before it is killed in a later one.
const commitsBeforeKill = 10

// kill opens the file in a child, lets it write, and kills it in the middle of that: with SIGKILL,
// or what is like it elsewhere. It returns when the child is gone.
func (e *Env) kill(ctx context.Context, path string) error {
	var stderr strings.Builder
	c := e.child(ctx, roleWriter, path)
	c.Stderr = &stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	lines := bufio.NewReader(out)
	for range commitsBeforeKill {
		if _, err = lines.ReadString('\n'); err != nil {
			break
		}
	}
	killed := c.Process.Kill()
	_ = c.Wait() // which says that it was killed
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("the process that was to be killed has ended by itself: %s", strings.TrimSpace(stderr.String()))
	}
	return killed
}

// writer stores one job after the other, and writes a line for each, until it is killed: it
// never closes the file. It returns only with an error.
func writer(ctx context.Context, path string, out io.Writer) error {
	j, err := openJournal(path)
	if err != nil {
		return err
	}
	for err == nil {
		if _, err = j.queue.Enqueue(ctx, noop(waitingQueue, smallArgs)); err == nil {
			_, err = fmt.Fprintln(out, "stored")
		}
	}
	return errors.Join(err, j.store.Close())
}

// rest is what a process takes that has a file open and nothing to do.
type rest struct {
	CPU    time.Duration `json:"cpu_ns"` // in Window; 0 where it cannot be measured
	Window time.Duration `json:"window_ns"`
	Heap   uint64        `json:"heap_bytes"` // of objects that are reachable, in the whole process
}

// settling is how long an idler waits until all is quiet that starting has begun.
const settling = 200 * time.Millisecond

// idle opens the file in a child, which serves its queues, and measures what that takes.
func (e *Env) idle(ctx context.Context, path string, window time.Duration) (r rest, err error) {
	var stdout, stderr strings.Builder
	c := e.child(ctx, roleIdler, path, window.String())
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return rest{}, errors.Join(ctx.Err(), fmt.Errorf("the process that was to be idle: %w: %s", err, strings.TrimSpace(stderr.String())))
	}
	err = json.Unmarshal([]byte(stdout.String()), &r)
	return r, err
}

// idler has the file open and measures itself, its CPU time in a window of time.
func idler(ctx context.Context, path string, window time.Duration, out io.Writer) error {
	_, err := withinClient(ctx, path, func(c *bgclient.Client) (take, error) {
		if err := c.Start(ctx); err != nil {
			return take{}, err
		}
		r := rest{Heap: heap()}
		if err := sleep(ctx, settling); err != nil {
			return take{}, err
		}
		began := time.Now()
		before, _ := cpuTime()
		if err := sleep(ctx, window); err != nil {
			return take{}, err
		}
		after, _ := cpuTime()
		r.CPU, r.Window = after-before, time.Since(began)
		return take{}, json.NewEncoder(out).Encode(r)
	})
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
