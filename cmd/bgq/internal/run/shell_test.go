//go:build unix

package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// shop is a queue with an executor for jobs of ShellKind.
type shop struct {
	t      testing.TB
	q      *queue.Queue
	exec   *executor.Executor
	mu     sync.Mutex
	ends   map[store.ID]ShellEnd
	logged chan store.ID // the jobs whose end was told, in order
}

func newShop(t *testing.T, grace time.Duration) *shop {
	t.Helper()
	s, err := boltstore.Open(filepath.Join(t.TempDir(), "work.db"), boltstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sh := &shop{t: t, ends: map[store.ID]ShellEnd{}, logged: make(chan store.ID, 100)}
	if sh.q, err = queue.New(s, queue.Config{}); err != nil {
		t.Fatal(err)
	}
	if sh.exec, err = executor.New(sh.q, executor.Config{Grace: grace}); err != nil {
		t.Fatal(err)
	}
	runner := &Shell{Ended: func(e ShellEnd) {
		sh.mu.Lock()
		sh.ends[e.Job.ID] = e
		sh.mu.Unlock()
		sh.logged <- e.Job.ID
	}}
	err = errors.Join(sh.exec.Handle(ShellKind, runner.Run, executor.HandlerOptions{Quiet: true}),
		sh.exec.Serve(queue.DefaultQueue, 2), sh.exec.Start(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(sh.exec.Stop(context.Background()), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return sh
}

// put stores a job with that command.
func (s *shop) put(a *ShellArgs, change func(*queue.NewJob)) store.ID {
	s.t.Helper()
	v, err := a.Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	n := queue.NewJob{Kind: ShellKind, Args: v, MaxAttempts: 1}
	if change != nil {
		change(&n)
	}
	stored, err := s.q.Enqueue(context.Background(), n)
	if err != nil {
		s.t.Fatal(err)
	}
	return stored[0].ID
}

// get reads a job when it is in one of the states.
func (s *shop) get(id store.ID, states store.States) *store.Job {
	s.t.Helper()
	hints, stop := s.q.Store().Watch(store.Topic{What: store.OnJob, ID: id})
	defer stop()
	for {
		j, err := s.q.Get(context.Background(), id, store.AllParts)
		if err != nil {
			s.t.Fatal(err)
		}
		if states.Has(j.State) {
			return j
		}
		<-hints
	}
}

// run runs a command to its end.
func (s *shop) run(a *ShellArgs) (*store.Job, ShellEnd) {
	s.t.Helper()
	id := s.put(a, nil)
	j := s.get(id, store.FinalStates)
	s.mu.Lock()
	defer s.mu.Unlock()
	return j, s.ends[id]
}

func (s *shop) log(id store.ID) []string {
	s.t.Helper()
	lines, err := s.q.Store().Logs(context.Background(), id, 0, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	var texts []string
	for _, l := range lines {
		texts = append(texts, l.Level+" "+l.Text)
	}
	return texts
}

func line(script string) *ShellArgs { return NewShellArgs([]string{script}, true, "/", nil) }

func TestShell(t *testing.T) {
	s := newShop(t, time.Minute)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), []byte("#!/bin/sh\necho found\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		args    *ShellArgs
		stdout  string // of the result
		failure string // or how the message of the failure begins
		line    string
	}{
		{"words", NewShellArgs([]string{"printf", "%s|", "a b", "$HOME", ""}, false, "/", nil), "a b|$HOME||", "", `printf '%s|' 'a b' '$HOME' ''`},
		{"a line for the shell", NewShellArgs([]string{"echo", "$((1+1))", "|", "cat"}, true, "/", nil), "2\n", "", "echo $((1+1)) | cat"},
		{"directory", NewShellArgs([]string{"pwd"}, false, "/usr", nil), "/usr\n", "", "pwd"},
		{"a program beside the directory", NewShellArgs([]string{"./mine"}, false, dir, nil), "found\n", "", "./mine"},
		{"its own PATH", NewShellArgs([]string{"mine"}, false, "/", map[string]string{"PATH": "relative:" + dir + ":/bin:/usr/bin"}), "found\n", "", "mine"},
		{"environment", NewShellArgs([]string{"echo $A $BGQ_ATTEMPT $BGQ_QUEUE"}, true, "/", map[string]string{"A": "x y"}), "x y 1 default\n", "", "echo $A $BGQ_ATTEMPT $BGQ_QUEUE"},
		{"no input", line("cat"), "", "", "cat"},
		{"bytes that are no text", line(`printf '\377'`), "\xff", "", `printf '\377'`},
		{"exit status", line("echo why >&2; exit 3"), "", "exit status 3: why", "echo why >&2; exit 3"},
		{"signal", line("kill -9 $$"), "", "killed by signal 9", "kill -9 $$"},
		{"no such program", NewShellArgs([]string{"no-such-program"}, false, "/", nil), "", "cannot start: exec", "no-such-program"},
		{"not in its PATH", NewShellArgs([]string{"sh"}, false, "/", map[string]string{"PATH": dir}), "", `cannot start: exec: "sh"`, "sh"},
		{"no such directory", NewShellArgs([]string{"pwd"}, false, "/no/such", nil), "", "cannot start where it should: stat /no/such", "pwd"},
		{"no command", &ShellArgs{}, "", "the command of job", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			j, end := s.run(c.args)
			if end.Line != c.line || end.Job.ID != j.ID {
				t.Errorf("told of %q, want %q", end.Line, c.line)
			}
			if c.failure != "" {
				if j.State != store.Discarded || len(j.Failures) != 1 || !strings.HasPrefix(j.Failures[0].Message, c.failure) || end.Err == nil {
					t.Fatalf("%s %+v, want a failure %q; told %v", j.State, j.Failures, c.failure, end.Err)
				}
				return
			}
			stdout, err := Stdout(j.Result)
			if j.Progress.Note != c.line {
				t.Errorf("people see %q", j.Progress.Note)
			}
			if err != nil || j.State != store.Completed || string(stdout) != c.stdout || end.Err != nil || !end.Exit.OK() {
				t.Errorf("%s %q %v %+v, want %q; told %+v", j.State, stdout, err, j.Failures, c.stdout, end)
			}
		})
	}
}

// The same command is the same bytes, and comes back as it was.
func TestShellArgs(t *testing.T) {
	env := map[string]string{"A": "1", "B": "", "C": "\xff", "D": "x", "E": "y", "F": "z"}
	first, err := NewShellArgs([]string{"a", "\xfe"}, true, "/d", env).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if again, err := NewShellArgs([]string{"a", "\xfe"}, true, "/d", env).Encode(); err != nil || string(again) != string(first) {
			t.Fatalf("%x and then %x, %v", []byte(first), []byte(again), err)
		}
	}
	var back ShellArgs
	if err := decode(first, &back); err != nil || !reflect.DeepEqual(&back, NewShellArgs([]string{"a", "\xfe"}, true, "/d", env)) {
		t.Errorf("%+v, %v", back, err)
	}
	if bare, err := NewShellArgs([]string{"a"}, false, "/", nil).Encode(); err != nil || strings.Contains(string(bare), "env") || strings.Contains(string(bare), "shell") {
		t.Errorf("%q, %v", bare, err)
	}
}

// What a command prints is in the log of its job, line by line, also while it runs.
func TestShellLog(t *testing.T) {
	t.Parallel() // lines are stored after a second
	s := newShop(t, time.Minute)
	go_on := filepath.Join(t.TempDir(), "go")
	id := s.put(line("echo one; echo; printf 'two\\r\\nthr'; echo ee; echo bad >&2; until [ -e "+go_on+" ]; do sleep 0.01; done; printf four"), nil)
	hints, stop := s.q.Store().Watch(store.Topic{What: store.OnLog, ID: id})
	defer stop()
	for len(s.log(id)) < 5 {
		<-hints
	}
	if j := s.get(id, store.EveryState); j.State != store.Running {
		t.Errorf("the job is %s", j.State)
	}
	if err := os.WriteFile(go_on, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.get(id, store.FinalStates)
	var stdout []string
	for _, l := range s.log(id) {
		if l != "warn bad" { // it comes through a pipe of its own
			stdout = append(stdout, l)
		}
	}
	if want := []string{"info one", "info ", "info two", "info three", "info four"}; !slices.Equal(stdout, want) || len(s.log(id)) != 6 {
		t.Errorf("%q and not %q", s.log(id), want)
	}
}

func TestShellTimeout(t *testing.T) {
	s := newShop(t, time.Minute)
	id := s.put(line("echo begun; sleep 60"), func(n *queue.NewJob) { n.Timeout = 50 * time.Millisecond })
	j := s.get(id, store.FinalStates)
	if f := j.Failures; j.State != store.Discarded || f[0].Kind != store.FailTimeout || !strings.Contains(f[0].Message, "timeout of 50ms") {
		t.Errorf("%s %+v", j.State, f)
	}
}

// A command that was asked to end because of a shutdown is not charged, whatever it makes of it.
func TestShellShutdown(t *testing.T) {
	t.Parallel() // lines are stored after a second
	s := newShop(t, -1)
	id := s.put(line("trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done"), nil)
	hints, stop := s.q.Store().Watch(store.Topic{What: store.OnLog, ID: id})
	defer stop()
	for len(s.log(id)) == 0 {
		<-hints
	}
	if err := s.exec.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	j := s.get(id, store.EveryState)
	if j.State != store.Available || j.Attempt != 0 || len(j.Failures) != 0 {
		t.Errorf("%s, attempt %d, %+v", j.State, j.Attempt, j.Failures)
	}
	if end := s.ends[<-s.logged]; !errors.Is(end.Err, executor.ErrShutdown) {
		t.Errorf("told %v", end.Err)
	}
}

func TestShellCancelled(t *testing.T) {
	t.Parallel() // lines are stored after a second
	s := newShop(t, time.Minute)
	id := s.put(line("echo ready; exec sleep 60"), nil)
	hints, stop := s.q.Store().Watch(store.Topic{What: store.OnLog, ID: id})
	defer stop()
	for len(s.log(id)) == 0 {
		<-hints
	}
	if _, err := s.q.Cancel(context.Background(), "", id); err != nil {
		t.Fatal(err)
	}
	if end := s.ends[<-s.logged]; !errors.Is(end.Err, executor.ErrCancelled) {
		t.Errorf("told %v", end.Err)
	}
}
