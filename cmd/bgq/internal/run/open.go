package run

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/template"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// NotFoundError says that there is no such program.
type NotFoundError struct{ err error }

// Error names the program, and says what to do.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("%v: check its name, or give --shell if it is a function or a builtin of the shell", e.err)
}

// Unwrap returns the error of the system.
func (e *NotFoundError) Unwrap() error { return e.err }

// Check tells whether the command can be run at all. It touches nothing.
func (o Options) Check() error { return (&session{opts: o}).prepare() }

// prepare finds out what is the same for every input.
func (s *session) prepare() error {
	var err error
	if s.template, err = s.opts.parse(); err != nil {
		return err
	}
	if s.opts.Name == "" {
		s.opts.Name = defaultName(s.template, s.opts.Command, s.opts.Dir)
	}
	if name, fixed := s.template.Program(); fixed {
		if s.program, err = exec.LookPath(name); err != nil {
			return &NotFoundError{err}
		}
	}
	return nil
}

// PausedError says that the queue of the batch is paused.
type PausedError struct{ Queue, Reason string }

// Error names the queue and who paused it.
func (e *PausedError) Error() string {
	reason := e.Reason
	if reason != "" {
		reason = " (" + reason + ")"
	}
	return fmt.Sprintf("queue %q is paused%s: resume it first", e.Queue, reason)
}

// open recovers from a crash, and finds or creates the batch.
func (s *session) open(ctx context.Context) (store.Batch, error) {
	found, err := s.q.Recover(ctx)
	if err != nil {
		return store.Batch{}, err
	}
	if n := found.Again + found.Convicted; n > 0 {
		fmt.Fprintf(s.opts.Stderr, "bgq run: note: the last process died while %d ran; %d to run again, one at a time, before the others\n", n, found.Again)
	}
	if s.opts.Restart {
		if err := s.q.DeleteBatch(ctx, s.opts.Name); err != nil && !errors.Is(err, store.ErrNotFound) {
			return store.Batch{}, err
		}
	}
	info := Info{Command: textsOf(s.opts.Command), Shell: s.opts.Shell, Dir: Text(s.opts.Dir)}
	value, err := encode(&info)
	if err != nil {
		return store.Batch{}, err
	}
	b, created, err := s.q.OpenBatch(ctx, queue.BatchSpec{
		Name: s.opts.Name, Kind: Kind, Fingerprint: fingerprint(s.opts.Command, s.opts.Shell), Info: value,
	})
	if errors.Is(err, store.ErrBatchMismatch) {
		return b, mismatch(b, err)
	}
	if err != nil || created {
		return b, err
	}
	if err := checkPaused(ctx, s.q, b.Queue); err != nil {
		return b, err
	}
	if was, err := infoOf(b); err == nil && was.Dir != info.Dir {
		fmt.Fprintf(s.opts.Stderr, "bgq run: note: batch %q was begun in %s; relative inputs now mean files in %s\n", b.Name, was.Dir, info.Dir)
	}
	return b, nil
}

func infoOf(b store.Batch) (Info, error) {
	var info Info
	err := decode(b.Info, &info)
	return info, err
}

// mismatch explains that the name belongs to another command.
func mismatch(b store.Batch, err error) error {
	info, broken := infoOf(b)
	if b.Kind != Kind || broken != nil {
		return err
	}
	words := make([]string, len(info.Command))
	for i, w := range info.Command {
		words[i] = string(w)
	}
	how := "without --shell"
	if info.Shell {
		how = "with --shell"
	}
	return fmt.Errorf("batch %q: %w: it was made by the command %s, %s, in %s; give another --name, or --restart to forget its results",
		b.Name, store.ErrBatchMismatch, template.Join(words), how, info.Dir)
}

func checkPaused(ctx context.Context, q *queue.Queue, name string) error {
	queues, err := q.Store().Queues(ctx)
	if err != nil {
		return err
	}
	for _, info := range queues {
		if info.Name == name && info.Paused {
			return &PausedError{name, info.Reason}
		}
	}
	return nil
}
