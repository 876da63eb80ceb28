package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/output"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/process"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/template"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/store"
)

// ended is what an attempt leaves for the time when its outcome is durable.
type ended struct {
	line           string // the command line
	exit           process.Exit
	stdout, stderr *output.Capture
}

func (e *ended) close() error {
	if e.stdout == nil {
		return nil
	}
	return errors.Join(e.stdout.Close(), e.stderr.Close())
}

// CommandError says how a command failed.
type CommandError struct {
	err    error
	output string
}

// Error says how the command ended, with the last line it had to say.
func (e *CommandError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *CommandError) Unwrap() error { return e.err }

// FailureOutput returns what the command printed, cut to a bearable length. It is
// stored with the failure.
func (e *CommandError) FailureOutput() string { return e.output }

// errCrashed fails an input that was running when bgq died.
var errCrashed = errors.New("bgq died while it ran, and --on-crash fail says not to run it again")

// attempt runs the command of a job. It is the handler.
func (s *session) attempt(ctx context.Context, job *store.Job) (store.Value, error) {
	var args Args
	if err := decode(job.Args, &args); err != nil {
		return nil, executor.Permanent(fmt.Errorf("the input of job %s cannot be read: %w", job.ID, err))
	}
	values := template.Values{Input: string(args.Input), Seq: job.Index + 1, Slot: executor.Slot(ctx)}
	e := &ended{line: s.template.Line(values), exit: process.Exit{Started: time.Now(), Code: -1}}
	defer s.hand(job.Ref(), e)
	if job.Suspect && s.opts.FailOnCrash {
		return nil, executor.Permanent(errCrashed)
	}
	if err := s.capture(e, job.Index+1); err != nil {
		return nil, err
	}
	if s.opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.opts.Timeout, executor.ErrTimeout)
		defer cancel()
	}
	command := s.template.Expand(values)
	path, err := s.look(command[0])
	if err == nil {
		e.exit, err = process.Run(ctx, process.Command{
			Path: path, Args: command, Env: s.environment(job),
			Stdout: e.stdout, Stderr: e.stderr, Grace: grace, Kill: s.kill,
		})
	}
	if failed := s.writeExit(e, job.Index+1); err == nil {
		err = failed
	}
	if err != nil {
		if _, hopeless := errors.AsType[*process.TooLongError](err); hopeless {
			err = executor.Permanent(err)
		}
		return nil, err
	}
	if e.exit.Stopped != nil || !e.exit.OK() {
		return nil, e.failure(s.opts.Timeout)
	}
	return e.result()
}

// grace is how long a command may take to end when it is asked to.
func grace(cause error) time.Duration {
	if errors.Is(cause, executor.ErrTimeout) {
		return killGrace
	}
	return stopGrace
}

// look finds the program. Its place was looked up before the first input, unless
// it depends on the input.
func (s *session) look(name string) (string, error) {
	if s.program != "" {
		return s.program, nil
	}
	return exec.LookPath(name)
}

// environment is that of bgq, and which attempt of which job this is.
func (s *session) environment(job *store.Job) []string {
	return append(s.env[:len(s.env):len(s.env)], "BGQ_JOB_ID="+job.ID.String(), "BGQ_ATTEMPT="+strconv.Itoa(job.Attempt))
}

// result is what is stored of a command that succeeded.
func (e *ended) result() (store.Value, error) {
	stdout, stdoutCut, err := e.stdout.Kept(output.Keep)
	if err != nil {
		return nil, err
	}
	stderr, stderrCut, err := e.stderr.Kept(output.Keep)
	if err != nil {
		return nil, err
	}
	return encode(&Result{
		ExitCode: e.exit.Code, RuntimeMS: e.exit.Runtime.Milliseconds(),
		Stdout: Text(stdout), StdoutCut: stdoutCut, Stderr: Text(stderr), StderrCut: stderrCut,
	})
}

// failure is what is stored of a command that failed or was stopped.
// timeout is that of the attempt.
func (e *ended) failure(timeout time.Duration) error {
	var err error
	switch {
	case errors.Is(e.exit.Stopped, executor.ErrTimeout):
		err = fmt.Errorf("%w of %v: %s", executor.ErrTimeout, timeout, e.exit)
	case e.exit.Stopped != nil:
		err = fmt.Errorf("%w: %s", e.exit.Stopped, e.exit)
	default:
		message := e.exit.String()
		if last := shorten(e.stderr.LastLine()); last != "" {
			message += ": " + last
		}
		err = errors.New(message)
	}
	return &CommandError{err, e.printed()}
}

// printed is both streams as text, each cut to what is kept of a failure.
func (e *ended) printed() string {
	var parts []string
	for _, stream := range []struct {
		name    string
		capture *output.Capture
	}{{"stdout", e.stdout}, {"stderr", e.stderr}} {
		if kept, _, err := stream.capture.Kept(keepOnFailure); err == nil && len(kept) > 0 {
			parts = append(parts, "--- "+stream.name+"\n"+strings.ToValidUTF8(string(kept), "\uFFFD"))
		}
	}
	return strings.Join(parts, "\n")
}

// shorten cuts a line for use in a message.
func shorten(line string) string {
	const most = 200
	line = strings.ToValidUTF8(line, "\uFFFD")
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "") + "…"
	}
	return line
}

// capture prepares to take what the command prints, in the folder of the results if there is
// one: DIR/SEQ/stdout and stderr, and exitval when it has ended.
func (s *session) capture(e *ended, seq int64) error {
	if s.opts.Results == "" {
		e.stdout, e.stderr = output.NewCapture(nil), output.NewCapture(nil)
		return nil
	}
	dir := s.resultDir(seq)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("cannot keep the results: %w", err)
	}
	if err := os.Remove(filepath.Join(dir, "exitval")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot keep the results: %w", err)
	}
	stdout, err := os.Create(filepath.Join(dir, "stdout"))
	if err != nil {
		return fmt.Errorf("cannot keep the results: %w", err)
	}
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		return errors.Join(fmt.Errorf("cannot keep the results: %w", err), stdout.Close())
	}
	e.stdout, e.stderr = output.NewCapture(stdout), output.NewCapture(stderr)
	return nil
}

func (s *session) resultDir(seq int64) string {
	return filepath.Join(s.opts.Results, strconv.FormatInt(seq, 10))
}

// writeExit completes the folder of the results.
func (s *session) writeExit(e *ended, seq int64) error {
	if s.opts.Results == "" || e.exit.Stopped != nil {
		return nil
	}
	err := os.WriteFile(filepath.Join(s.resultDir(seq), "exitval"), fmt.Appendf(nil, "%d\n", e.exit.Code), 0o666)
	if err != nil {
		return fmt.Errorf("cannot keep the results: %w", err)
	}
	return nil
}
