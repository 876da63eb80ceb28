//go:build unix

package process

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func shell(t *testing.T, script string, stdout, stderr io.Writer) Command {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh on this system")
	}
	return Command{
		Path: sh, Args: []string{"sh", "-c", script}, Env: os.Environ(), Stdout: stdout, Stderr: stderr,
		Grace: func(error) time.Duration { return time.Minute }, Kill: make(chan struct{}),
	}
}

func TestRun(t *testing.T) {
	for _, c := range []struct {
		script, stdout, stderr, text string
		code                         int
		signal                       syscall.Signal
	}{
		{script: "echo out; echo err >&2", stdout: "out\n", stderr: "err\n", text: "exit status 0"},
		{script: "exit 3", code: 3, text: "exit status 3"},
		{script: "kill -9 $$", code: -1, signal: syscall.SIGKILL, text: "killed by signal 9 (killed)"},
		{script: "cat", text: "exit status 0"}, // its input is empty
		{script: "echo $1 >/dev/stderr; echo again >/dev/stderr", stderr: "\nagain\n", text: "exit status 0"},
	} {
		var out, errs bytes.Buffer
		exit, err := Run(t.Context(), shell(t, c.script, &out, &errs))
		if err != nil || exit.Code != c.code || exit.Signal != c.signal || exit.String() != c.text || exit.OK() != (c.code == 0) || exit.Stopped != nil {
			t.Errorf("%s: %+v (%s), %v", c.script, exit, exit, err)
		}
		if out.String() != c.stdout || errs.String() != c.stderr {
			t.Errorf("%s: printed %q and %q", c.script, out.String(), errs.String())
		}
		if exit.Runtime <= 0 || exit.Started.IsZero() {
			t.Errorf("%s: started %v, ran %v", c.script, exit.Started, exit.Runtime)
		}
	}
}

func TestParseExit(t *testing.T) {
	for _, want := range []Exit{{}, {Code: 3}, {Code: 255}, {Code: -1, Signal: syscall.SIGKILL}, {Code: -1, Signal: syscall.SIGTERM}} {
		code, signal, ok := ParseExit("timeout of 5s: " + want.String() + ": killed by signal 1, exit status 77")
		if !ok || code != want.Code || signal != want.Signal {
			t.Errorf("%s: %d, %d, %v", want, code, signal, ok)
		}
	}
	for _, text := range []string{"", "cannot start", "exit status", "exit status x", "killed by signal ", "exit status 99999999999999999999"} {
		if code, signal, ok := ParseExit(text); ok {
			t.Errorf("%q: %d, %d", text, code, signal)
		}
	}
}

func TestCannotStart(t *testing.T) {
	_, err := Run(t.Context(), Command{Path: "/nonexistent", Args: []string{"x"}})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	c := shell(t, "", nil, nil)
	c.Args = append(c.Args, strings.Repeat("x", 32<<20))
	_, err = Run(t.Context(), c)
	if _, ok := errors.AsType[*TooLongError](err); !ok {
		t.Errorf("got %v", err)
	}
}

// printed is a writer that tells when something was written.
type printed struct {
	first chan struct{}
	text  bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	if p.text.Len() == 0 {
		defer close(p.first)
	}
	return p.text.Write(b)
}

// start runs a script until it has printed something, and returns how to stop it and how it ended.
func start(t *testing.T, script string, change func(*Command)) (stop context.CancelFunc, ended <-chan Exit, out *printed) {
	t.Helper()
	out = &printed{first: make(chan struct{})}
	c := shell(t, script, out, nil)
	if change != nil {
		change(&c)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan Exit, 1)
	go func() {
		exit, err := Run(ctx, c)
		if err != nil {
			t.Error(err)
		}
		done <- exit
	}()
	<-out.first
	return stop, done, out
}

func TestAskedToEnd(t *testing.T) {
	stop, ended, _ := start(t, "echo ready; exec sleep 60", nil)
	stop()
	if exit := <-ended; exit.Signal != syscall.SIGTERM || !errors.Is(exit.Stopped, context.Canceled) {
		t.Errorf("%+v", exit)
	}
}

func TestMayFinishWhenAsked(t *testing.T) {
	stop, ended, _ := start(t, "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done", nil)
	stop()
	if exit := <-ended; !exit.OK() || exit.Stopped == nil {
		t.Errorf("%+v", exit)
	}
}

const deaf = "trap '' TERM; echo ready; while :; do sleep 0.01; done"

func TestKilledAfterGrace(t *testing.T) {
	why := errors.New("why")
	causes := make(chan error, 1)
	c := shell(t, deaf, nil, nil)
	out := &printed{first: make(chan struct{})}
	c.Stdout = out
	c.Grace = func(cause error) time.Duration { causes <- cause; return time.Millisecond }
	ctx, stop := context.WithCancelCause(t.Context())
	go func() { <-out.first; stop(why) }()
	exit, err := Run(ctx, c)
	if err != nil || exit.Signal != syscall.SIGKILL {
		t.Errorf("%+v, %v", exit, err)
	}
	if cause := <-causes; cause != why {
		t.Errorf("the cause is %v", cause)
	}
}

func TestKilledAtOnce(t *testing.T) {
	kill := make(chan struct{})
	stop, ended, _ := start(t, deaf, func(c *Command) { c.Kill = kill })
	stop()
	close(kill)
	if exit := <-ended; exit.Signal != syscall.SIGKILL {
		t.Errorf("%+v", exit)
	}
}

// TestWholeGroupEnds: what the command started ends with it when it is stopped.
func TestWholeGroupEnds(t *testing.T) {
	stop, ended, out := start(t, `sh -c 'trap "" TERM; echo $$; while :; do sleep 0.01; done'; echo never`, nil)
	stop()
	<-ended // the outer shell ends at once, and takes the deaf one with it
	child, err := strconv.Atoi(strings.TrimSpace(out.text.String()))
	if err != nil {
		t.Fatal(err)
	}
	// The killed child is reaped by init, if at all: a zombie is dead enough.
	for range 1000 {
		if gone(child) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("process %d is still there", child)
}

func gone(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil {
		return true
	}
	state, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && bytes.Contains(state, []byte(") Z "))
}

// TestBackgroundProcessDoesNotHold: a process left behind with the output open does
// not keep the command from ending.
func TestBackgroundProcessDoesNotHold(t *testing.T) {
	var out bytes.Buffer
	begin := time.Now()
	exit, err := Run(t.Context(), shell(t, "sleep 30 & echo $!", &out, nil))
	if err != nil || !exit.OK() {
		t.Errorf("%+v, %v", exit, err)
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if pid, err := strconv.Atoi(strings.TrimSpace(out.String())); err == nil {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// failing takes nothing.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestOutputThatCannotBeTaken(t *testing.T) {
	full := errors.New("no space left on device")
	_, err := Run(t.Context(), shell(t, "echo x", failing{full}, nil))
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}
