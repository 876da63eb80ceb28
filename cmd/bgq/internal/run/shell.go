package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/output"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/process"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/template"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/store"
)

// ShellKind is the kind of the jobs that bgq enqueue sh stores and bgq work runs: one command each.
const ShellKind = "sh"

// ShellArgs is the command of a job of ShellKind.
type ShellArgs struct {
	Command []Text `msgpack:"command"`
	// Shell gives the words, joined by spaces, to /bin/sh -c.
	Shell bool `msgpack:"shell,omitempty"`
	// Dir is where it runs, Env what is added to the environment of bgq work.
	Dir Text `msgpack:"dir"`
	Env Env  `msgpack:"env,omitempty"`
}

// Env are variables of an environment.
type Env map[string]Text

// EncodeMsgpack implements [msgpack.CustomEncoder]: in the order of the names, for the arguments of a job that is
// enqueued again with the same idempotency key must be the same bytes.
func (v Env) EncodeMsgpack(e *msgpack.Encoder) error {
	if err := e.EncodeMapLen(len(v)); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if err := errors.Join(e.EncodeString(name), v[name].EncodeMsgpack(e)); err != nil {
			return err
		}
	}
	return nil
}

// NewShellArgs returns the command that has these words.
func NewShellArgs(words []string, shell bool, dir string, env map[string]string) *ShellArgs {
	a := &ShellArgs{Command: textsOf(words), Shell: shell, Dir: Text(dir)}
	if len(env) > 0 {
		a.Env = make(Env, len(env))
		for name, value := range env {
			a.Env[name] = Text(value)
		}
	}
	return a
}

// Encode returns the value to store.
func (a *ShellArgs) Encode() (store.Value, error) { return encode(a) }

// Line returns the command as it could be typed.
func (a *ShellArgs) Line() string {
	words := make([]string, len(a.Command))
	for i, w := range a.Command {
		words[i] = string(w)
	}
	if a.Shell {
		return strings.Join(words, " ")
	}
	return template.Join(words)
}

// words returns the command to execute.
func (a *ShellArgs) words() []string {
	if a.Shell {
		return []string{"/bin/sh", "-c", a.Line()}
	}
	words := make([]string, len(a.Command))
	for i, w := range a.Command {
		words[i] = string(w)
	}
	return words
}

// Shell runs jobs of ShellKind. The zero value is ready.
type Shell struct {
	// Ended, unless it is nil, is told about every command that has ended or could not be started, before
	// that is recorded.
	Ended func(ShellEnd)
}

// ShellEnd is how a command ended.
type ShellEnd struct {
	Job  *store.Job
	Line string // the command
	// Exit is how it ended; its Code is -1 if it was not started.
	Exit process.Exit
	// Err is why the attempt failed or was given up, or nil.
	Err error
}

// shutdownGrace is how long a command may take to end when bgq work asks it to: less than the executor
// waits then for the handler, so that the command is killed before it is abandoned.
const shutdownGrace = 4 * time.Second

// Run runs the command of a job, and returns its [Result]. It is a handler. What the command prints goes line by
// line into the log of the job too, so that it can be followed. When ctx ends the command is asked to end,
// and killed if that does not help.
func (s *Shell) Run(ctx context.Context, job *store.Job) (store.Value, error) {
	e := &ended{
		exit:   process.Exit{Started: time.Now(), Code: -1},
		stdout: output.NewCapture(nil), stderr: output.NewCapture(nil),
	}
	defer e.close()
	result, err := runShell(ctx, job, e)
	if s.Ended != nil {
		s.Ended(ShellEnd{Job: job, Line: e.line, Exit: e.exit, Err: err})
	}
	return result, err
}

func runShell(ctx context.Context, job *store.Job, e *ended) (store.Value, error) {
	var a ShellArgs
	err := decode(job.Args, &a)
	if err == nil && len(a.Command) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return nil, executor.Permanent(fmt.Errorf("the command of job %s cannot be read: %w", job.ID, err))
	}
	e.line = a.Line()
	executor.Progress(ctx, 0, 0, e.line) // so that people see which command runs
	words := a.words()
	if _, err := os.Stat(string(a.Dir)); a.Dir != "" && err != nil { // the system would not say what is missing
		return nil, fmt.Errorf("cannot start where it should: %w", err)
	}
	path, err := a.look(words[0])
	if err != nil {
		return nil, fmt.Errorf("cannot start: %w", err)
	}
	// Only the log of the job gets the lines: they are not what bgq work has to say.
	log := executor.WithJobLog(ctx, zap.NewNop())
	stdout, stderr := &lines{say: log.Info}, &lines{say: log.Warn}
	e.exit, err = process.Run(ctx, process.Command{
		Path: path, Args: words, Dir: string(a.Dir), Env: a.environment(job),
		Stdout: io.MultiWriter(e.stdout, stdout), Stderr: io.MultiWriter(e.stderr, stderr), Grace: shellGrace,
	})
	stdout.end()
	stderr.end()
	if _, hopeless := errors.AsType[*process.TooLongError](err); hopeless {
		err = executor.Permanent(err)
	}
	if err != nil {
		return nil, err
	}
	if e.exit.Stopped != nil || !e.exit.OK() {
		return nil, e.failure(job.Timeout)
	}
	return e.result()
}

// shellGrace is how long a command may take to end when it is asked to.
func shellGrace(cause error) time.Duration {
	if errors.Is(cause, executor.ErrShutdown) {
		return shutdownGrace
	}
	return killGrace
}

// look finds the program. A name with a slash counts from Dir, others are looked for in the PATH that
// the command will see.
func (a *ShellArgs) look(name string) (string, error) {
	if filepath.Base(name) != name {
		return name, nil
	}
	search, given := a.Env["PATH"]
	if !given {
		return exec.LookPath(name)
	}
	for _, dir := range filepath.SplitList(string(search)) {
		if filepath.IsAbs(dir) { // others would mean a place in the directory of bgq work
			if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
				return path, nil
			}
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}

// environment is that of bgq work, what the job adds, and which attempt of which job this is.
func (a *ShellArgs) environment(job *store.Job) []string {
	env := os.Environ()
	for _, name := range slices.Sorted(maps.Keys(a.Env)) {
		env = append(env, name+"="+string(a.Env[name]))
	}
	return append(env, "BGQ_JOB_ID="+job.ID.String(), "BGQ_ATTEMPT="+strconv.Itoa(job.Attempt), "BGQ_QUEUE="+job.Queue)
}
