// Package process runs one command to its end, and ends it when it must.
//
// A command runs in a process group of its own, so that a Ctrl-C in the terminal
// reaches only bgq, which decides what becomes of it, and so that ending a
// command ends whatever it has started too. Its standard input is empty. On Linux
// it is also killed by the kernel when bgq itself dies, however that happens; what
// the command has started by itself is not.
//
// A command has ended when its process has. Background processes that it leaves behind may
// print for [Linger] longer; then their output is closed.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// Linger is how long output is read after the command has ended, if background
// processes still hold it open.
const Linger = time.Second

// Command is what to run.
type Command struct {
	Path string   // of the program
	Args []string // its name first
	Env  []string
	Dir  string // where it runs; empty: where this process does
	// Stdout and Stderr take what it prints. An error of theirs closes the stream.
	Stdout, Stderr io.Writer
	// Grace returns how long the group has to end by itself after it was asked to,
	// given the cause of the end of the context. Then it is killed.
	Grace func(cause error) time.Duration
	// Kill, when closed, kills the group at once if the context has ended.
	Kill <-chan struct{}
}

// Exit is how a command ended.
type Exit struct {
	Started time.Time
	Runtime time.Duration
	// Code is the exit code, or -1 if a signal ended the command.
	Code   int
	Signal syscall.Signal // 0: none
	// Stopped is the cause for which the command was asked to end; nil if it ended by itself.
	Stopped error
}

// OK tells whether the command says that all went well.
func (e Exit) OK() bool { return e.Code == 0 }

// String says how the command ended.
func (e Exit) String() string {
	if e.Signal != 0 {
		return fmt.Sprintf("killed by signal %d (%s)", int(e.Signal), e.Signal)
	}
	return fmt.Sprintf("exit status %d", e.Code)
}

// exitText finds the text of Exit.String.
var exitText = regexp.MustCompile(`exit status (-?\d+)|killed by signal (\d+)`)

// ParseExit finds in a text the first thing that [Exit.String] wrote into it.
func ParseExit(text string) (code int, signal syscall.Signal, ok bool) {
	m := exitText.FindStringSubmatch(text)
	if m == nil {
		return 0, 0, false
	}
	if m[2] != "" {
		n, err := strconv.Atoi(m[2])
		return -1, syscall.Signal(n), err == nil
	}
	code, err := strconv.Atoi(m[1])
	return code, 0, err == nil
}

// Run starts the command and waits until it has ended. When ctx ends its group is asked to
// end (SIGTERM), and killed if that does not help. An error means that the
// command could not be run, not that it failed.
func Run(ctx context.Context, c Command) (Exit, error) {
	cmd := &exec.Cmd{
		Path: c.Path, Args: c.Args, Env: c.Env, Dir: c.Dir, Stdout: c.Stdout, Stderr: c.Stderr,
		SysProcAttr: attributes(), WaitDelay: Linger,
	}
	// Linux ties the death signal to the thread that started the process, not to
	// the program: that thread must not end before the command.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	exit := Exit{Started: time.Now()}
	if err := cmd.Start(); err != nil {
		return exit, startError(err)
	}
	g := &group{leader: cmd.Process, ended: make(chan struct{})}
	detach := context.AfterFunc(ctx, func() { g.end(c.Grace(context.Cause(ctx)), c.Kill) })
	err := cmd.Wait()
	close(g.ended)
	if !detach() {
		// What the command has left behind was not asked to go on without it.
		g.kill()
		exit.Stopped = context.Cause(ctx)
	}
	exit.Runtime = time.Since(exit.Started)
	exit.Code, exit.Signal = status(cmd.ProcessState)
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) && !errors.Is(err, exec.ErrWaitDelay) {
		return exit, err
	}
	return exit, nil
}

// end asks the group to end, and kills it if it has not done so after grace or
// when kill is closed.
func (g *group) end(grace time.Duration, kill <-chan struct{}) {
	g.terminate()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-g.ended:
	case <-timer.C:
		g.kill()
	case <-kill:
		g.kill()
	}
}

// startError says what to do about a command that cannot be started.
func startError(err error) error {
	if errors.Is(err, errTooLong) {
		return &TooLongError{err}
	}
	return fmt.Errorf("cannot start: %w", err)
}

// TooLongError says that the system takes no command line of that length.
type TooLongError struct{ err error }

// Error says so, and what to do.
func (e *TooLongError) Error() string {
	return fmt.Sprintf("cannot start: %v: the command line is too long for this system (Linux takes 128 KiB in one argument): put the data into a file and give its name as the input", e.err)
}

// Unwrap returns the error of the system.
func (e *TooLongError) Unwrap() error { return e.err }
