//go:build unix

package run

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/halt"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/input"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// stage holds commands where they can be stopped: each writes its input into a pipe when it has begun,
// and goes on only when the stage is open.
type stage struct {
	t       *testing.T
	open    string // a file
	pipe    string
	command []string
	begun   *bufio.Reader
}

func newStage(t *testing.T, before string) *stage {
	dir := t.TempDir()
	s := &stage{t: t, open: filepath.Join(dir, "open"), pipe: filepath.Join(dir, "pipe")}
	if err := syscall.Mkfifo(s.pipe, 0o600); err != nil {
		t.Skip(err)
	}
	// For reading and writing: then opening does not wait, and there is no end.
	f, err := os.OpenFile(s.pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	s.begun = bufio.NewReader(f)
	s.command = []string{"sh", "-c", before + `; [ -e "$0" ] || { echo $2 >"$1"; exec sleep 60; }; echo $2`, s.open, s.pipe, "{}"}
	return s
}

// await waits until n commands have begun.
func (s *stage) await(n int) {
	for range n {
		if _, err := s.begun.ReadString('\n'); err != nil {
			s.t.Error(err)
		}
	}
}

// letGo opens the stage for commands that begin from now on.
func (s *stage) letGo() {
	if err := os.WriteFile(s.open, nil, 0o666); err != nil {
		s.t.Fatal(err)
	}
}

// interrupted runs a list with two slots, and interrupts it when both are taken.
func (s *stage) interrupted(b *bench, inputs string, change func(*Options)) Summary {
	go func() {
		s.await(2)
		b.interrupts <- os.Interrupt
	}()
	return b.run(list(inputs), func(o *Options) {
		o.Slots = 2
		if change != nil {
			change(o)
		}
	}, s.command...)
}

func TestInterrupt(t *testing.T) {
	b, s := newBench(t), newStage(t, ":")
	sum := s.interrupted(b, "a b c", nil)
	b.expect("ok, failed, left", []int64{sum.OK, sum.Failed, sum.left()}, []int64{0, 0, 3})
	if !sum.Interrupted || sum.AllDone() {
		t.Errorf("%+v", sum)
	}
	b.open(func(q *queue.Queue) {
		for job, err := range q.Jobs(t.Context(), store.Filter{}, store.HeadOnly) {
			if err != nil || job.State != store.Available || job.Attempt != 0 || job.FailureCount != 0 {
				t.Errorf("it was charged: %+v, %v", job, err)
			}
		}
	})
	s.letGo()
	sum = b.run(list("a b c"), nil, s.command...)
	b.expect("went on", []int64{sum.OK, sum.Before}, []int64{3, 0})
}

func TestSecondInterruptKills(t *testing.T) {
	b, s := newBench(t), newStage(t, `trap "" TERM`) // sleep inherits that
	go func() {
		s.await(2)
		b.interrupts <- os.Interrupt
		b.interrupts <- os.Interrupt
	}()
	sum := b.run(list("a b"), nil, s.command...)
	b.expect("left", sum.left(), 2)
	if !strings.Contains(b.errs.String(), "killing what runs") {
		t.Error(b.errs.String())
	}
}

func TestHaltNow(t *testing.T) {
	b, s := newBench(t), newStage(t, `if [ $2 = bad ]; then read go <"$3"; exit 1; fi`)
	gate := filepath.Join(t.TempDir(), "gate")
	if err := syscall.Mkfifo(gate, 0o600); err != nil {
		t.Skip(err)
	}
	go func() {
		s.await(2)
		if err := os.WriteFile(gate, []byte("go\n"), 0); err != nil {
			t.Error(err)
		}
	}()
	policy := halt.Policy{When: halt.Now, Fail: 1}
	sum := b.run(list("a bad b c"), func(o *Options) { o.Halt = policy }, append(s.command, gate)...)
	b.expect("ok, failed, left", []int64{sum.OK, sum.Failed, sum.left()}, []int64{0, 1, 3})
	if !sum.Halted || sum.Interrupted {
		t.Errorf("%+v", sum)
	}
}

// TestOnlyTheListRuns: what an earlier list had and this one has not is left alone until a
// list has it again.
func TestOnlyTheListRuns(t *testing.T) {
	b, s := newBench(t), newStage(t, ":")
	s.interrupted(b, "a b c d", nil)
	s.letGo()
	sum := b.run(list("a"), nil, s.command...)
	b.expect("ran", b.lines(), list("a"))
	b.expect("unlisted", sum.Unlisted, 3)

	// The list comes slowly: what is not there when the first command starts may still come.
	r, w := io.Pipe()
	printed := make(chan struct{})
	go func() {
		io.WriteString(w, "new\n")
		<-printed
		io.WriteString(w, "c\n")
		w.Close()
	}()
	sum, err := b.try(input.Stream(r, "stdin", '\n', InputLimit), func(o *Options) {
		o.Stdout = writerFunc(func(p []byte) (int, error) {
			if string(p) == "new\n" {
				close(printed)
			}
			return b.out.Write(p)
		})
	}, s.command...)
	b.expect("ran", b.lines(), list("c new"))
	if err != nil || sum.Unlisted != 2 {
		t.Errorf("%+v, %v", sum, err)
	}
	sum = b.run(list("a b c d new"), nil, s.command...)
	b.expect("the rest", b.lines(), list("b d"))
	b.expect("unlisted", sum.Unlisted, 0)
}

// crash leaves n jobs running, as a process that was killed does.
func (b *bench) crash(n int) {
	b.t.Helper()
	b.open(func(q *queue.Queue) {
		claimed, err := q.Claim(context.Background(), queue.ClaimRequest{Want: []store.Want{{Queue: queue.BatchQueue("b"), N: n}}, Kinds: []string{Kind}})
		if err != nil || len(claimed.Jobs) != n {
			b.t.Fatalf("claimed %d, %v", len(claimed.Jobs), err)
		}
	})
}

func TestAfterACrash(t *testing.T) {
	b, s := newBench(t), newStage(t, ":")
	s.interrupted(b, "a b c", nil)
	s.letGo()
	b.crash(2)
	sum := b.run(list("a b c"), nil, s.command...)
	b.expect("ok", sum.OK, 3)
	if !strings.Contains(b.errs.String(), "died while 2 ran") {
		t.Error(b.errs.String())
	}
}

func TestOnCrashFail(t *testing.T) {
	for _, running := range []int{1, 2} {
		b, s := newBench(t), newStage(t, ":")
		once := func(o *Options) { o.FailOnCrash = true }
		s.interrupted(b, "a b c", once)
		s.letGo()
		b.crash(running)
		sum := b.run(list("a b c"), once, s.command...)
		b.expect("failed, now or when it was found", sum.Failed+sum.Unmet, running)
		b.expect("ok", sum.OK, 3-running)
		// Who knows better may run them after all.
		sum = b.run(list("a b c"), func(o *Options) { once(o); o.RetryFailed = true }, s.command...)
		b.expect("ok after all", []int64{sum.OK, sum.Before}, []int{running, 3 - running})
	}
}
