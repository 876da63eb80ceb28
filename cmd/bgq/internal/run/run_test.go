//go:build unix

package run

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/halt"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/input"
	"github.com/bgq-dev/bgq/cmd/bgq/internal/run/progress"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a journal in a file, and the streams of the last run.
type bench struct {
	t          testing.TB
	path       string
	out, errs  bytes.Buffer
	interrupts chan os.Signal
}

func newBench(t testing.TB) *bench {
	return &bench{t: t, path: filepath.Join(t.TempDir(), "bgq.db"), interrupts: make(chan os.Signal, 2)}
}

// open opens the journal for the time of f, and lets it be verified behind.
func (b *bench) open(f func(*queue.Queue)) {
	b.t.Helper()
	s, err := boltstore.Open(b.path, boltstore.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	defer s.Close()
	q, err := queue.New(s, queue.Config{})
	if err != nil {
		b.t.Fatal(err)
	}
	f(q)
	report, err := s.Verify(context.Background())
	if err != nil || len(report.Problems) > 0 {
		b.t.Errorf("verify: %+v, %v", report, err)
	}
}

// try runs a command over the inputs of a source.
func (b *bench) try(source *input.Source, change func(*Options), command ...string) (sum Summary, err error) {
	b.t.Helper()
	b.out.Reset()
	b.errs.Reset()
	o := Options{
		Command: command, Name: "b", Slots: 3, MaxRecoveries: 3, Dir: "/here",
		Progress: progress.None, Stdout: &b.out, Stderr: &b.errs, Interrupts: b.interrupts,
	}
	if change != nil {
		change(&o)
	}
	b.open(func(q *queue.Queue) { sum, err = Run(context.Background(), q, source, o) })
	return sum, err
}

// run is try over a list, which must not give an error.
func (b *bench) run(inputs []string, change func(*Options), command ...string) Summary {
	b.t.Helper()
	sum, err := b.try(input.List(inputs, InputLimit), change, command...)
	if err != nil {
		b.t.Fatalf("%v\n%s", err, b.errs.String())
	}
	return sum
}

// lines returns what was printed, a line each, sorted.
func (b *bench) lines() []string {
	lines := strings.Split(strings.TrimSuffix(b.out.String(), "\n"), "\n")
	slices.Sort(lines)
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return lines
}

func (b *bench) expect(what string, got, want any) {
	b.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.t.Errorf("%s: got %v, want %v\n%s", what, got, want, b.errs.String())
	}
}

func list(s string) []string { return strings.Fields(s) }

// TestAgain: the same line again runs what is new, whatever the order, and what occurs more often.
func TestAgain(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		inputs, runs string
		before       int64
	}{
		{"a b", "a b", 0},
		{"a b", "", 2},
		{"c b d", "c d", 1}, // where going by position would lose c
		{"d c b a", "", 4},
		{"a a b a", "a a", 2},
		{"", "", 0},
	} {
		sum := b.run(list(c.inputs), nil, "echo")
		b.expect(c.inputs+": ran", b.lines(), list(c.runs))
		b.expect(c.inputs+": before", sum.Before, c.before)
		if !sum.AllDone() || sum.Unlisted > 0 {
			t.Errorf("%s: %+v", c.inputs, sum)
		}
	}
}

// TestEveryInputRunsOnce: over any series of lists each occurrence of each input runs
// once in all, and a dry run says before what will run.
func TestEveryInputRunsOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		done := map[string]int{} // how many occurrences are done
		for range rapid.IntRange(1, 3).Draw(rt, "runs") {
			inputs := rapid.SliceOfN(rapid.SampledFrom(list("a b c it's")), 0, 8).Draw(rt, "inputs")
			counts := map[string]int{}
			for _, in := range inputs {
				counts[in]++
			}
			var want []string
			for _, in := range slices.Sorted(maps.Keys(counts)) {
				for n := done[in]; n < counts[in]; n++ {
					want = append(want, in)
				}
				done[in] = max(done[in], counts[in])
			}
			b.open(func(q *queue.Queue) {
				var out bytes.Buffer
				if _, err := DryRun(t.Context(), q, input.List(inputs, InputLimit), Options{Command: []string{"echo"}, Name: "b", Stdout: &out}); err != nil {
					rt.Fatal(err)
				}
				if n := strings.Count(out.String(), "\n"); n != len(want) {
					rt.Fatalf("a dry run of %q shows %q, want %q", inputs, out.String(), want)
				}
			})
			b.run(inputs, nil, "echo")
			if got := b.lines(); !slices.Equal(got, want) {
				rt.Fatalf("%q ran %q, want %q", inputs, got, want)
			}
		}
	})
}

func TestManyInputsAreChunked(t *testing.T) {
	b := newBench(t)
	var list strings.Builder
	for i := range 2100 {
		fmt.Fprintln(&list, i)
	}
	// The number, not the input: the indexes must be without a gap and in order.
	sum, err := b.try(input.Stream(strings.NewReader(list.String()), "stdin", '\n', InputLimit), func(o *Options) { o.Slots, o.KeepOrder = 8, true }, "echo", "{#}", "{}")
	if err != nil || sum.OK != 2100 {
		t.Fatalf("%+v, %v", sum, err)
	}
	for i, line := range strings.Split(strings.TrimSpace(b.out.String()), "\n") {
		if want := fmt.Sprint(i+1, " ", i); line != want {
			t.Fatalf("line %d is %q, want %q", i, line, want)
		}
	}
}

// TestRunsWhileReading: the first command runs although the list has not ended.
func TestRunsWhileReading(t *testing.T) {
	b := newBench(t)
	r, w := io.Pipe()
	ran := make(chan struct{})
	go func() {
		io.WriteString(w, "1\n2\n")
		<-ran
		io.WriteString(w, "3\n")
		w.Close()
	}()
	var seen strings.Builder
	sum, err := b.try(input.Stream(r, "stdin", '\n', InputLimit), func(o *Options) {
		o.Stdout = writerFunc(func(p []byte) (int, error) {
			seen.Write(p)
			if strings.Count(seen.String(), "\n") == 2 {
				close(ran)
			}
			return len(p), nil
		})
	}, "echo")
	if err != nil || sum.OK != 3 {
		t.Errorf("%+v, %v", sum, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// failOdd fails for odd inputs until the file "mended" is there.
const failOdd = `[ -e "$0" ] || [ $(($1 % 2)) = 0 ] || { echo bad $1 >&2; exit 3; }; echo $1`

func TestFailures(t *testing.T) {
	b := newBench(t)
	mended := filepath.Join(t.TempDir(), "mended")
	command := []string{"sh", "-c", failOdd, mended, "{}"}
	sum := b.run(list("1 2 3 4"), nil, command...)
	b.expect("ok, failed", []int64{sum.OK, sum.Failed}, []int64{2, 2})
	if sum.AllDone() || !strings.Contains(b.errs.String(), "exit status 3: bad 1") || !strings.Contains("\n"+b.errs.String(), "\nbad 3\n") {
		t.Errorf("%+v, %s", sum, b.errs.String())
	}
	b.open(func(q *queue.Queue) {
		for job, err := range q.Jobs(t.Context(), store.Filter{States: store.SetOf(store.Discarded)}, store.AllParts) {
			if err != nil {
				t.Fatal(err)
			}
			f := job.Failures[0]
			if f.Kind != store.FailError || !strings.Contains(f.Output, "--- stderr\nbad ") || f.Type() != "*run.CommandError" {
				t.Errorf("%+v", f)
			}
		}
	})
	if err := os.WriteFile(mended, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	sum = b.run(list("1 2 3 4 5"), nil, command...)
	b.expect("left alone", []int64{sum.OK, sum.Failed, sum.Unmet, sum.Before}, []int64{1, 0, 2, 2})
	if sum.AllDone() {
		t.Error("failures of an earlier run are forgotten")
	}
	sum = b.run(list("1 2 3 4 5"), func(o *Options) { o.RetryFailed = true }, command...)
	b.expect("tried again", []int64{sum.OK, sum.Failed, sum.Unmet, sum.Before}, []int64{2, 0, 0, 3})
	b.expect("ran", b.lines(), list("1 3"))
}

func TestRetries(t *testing.T) {
	b := newBench(t)
	sum := b.run(list("a"), func(o *Options) { o.Retries = 1 }, "sh", "-c", `echo $BGQ_BATCH $BGQ_ATTEMPT ${#BGQ_JOB_ID}; [ $BGQ_ATTEMPT = 2 ]`)
	b.expect("ok, retries", []int64{sum.OK, sum.Retries}, []int64{1, 1})
	b.expect("printed once", b.out.String(), "b 2 26\n")
}

func TestTimeout(t *testing.T) {
	b := newBench(t)
	sum := b.run(list("60"), func(o *Options) { o.Timeout = 20 * time.Millisecond }, "sleep")
	b.expect("failed", sum.Failed, 1)
	b.open(func(q *queue.Queue) {
		for job, err := range q.Jobs(t.Context(), store.Filter{}, store.PartFailures) {
			if err != nil || job.Failures[0].Kind != store.FailTimeout {
				t.Errorf("%+v, %v", job, err)
			}
		}
	})
	// The limit is the one of the line that runs, not the one of the first line.
	sum = b.run(list("60"), func(o *Options) { o.Timeout, o.RetryFailed = time.Nanosecond, true }, "sleep")
	if !strings.Contains(b.errs.String(), "timeout of 1ns") {
		t.Errorf("%+v, %s", sum, b.errs.String())
	}
}

func TestRestart(t *testing.T) {
	b := newBench(t)
	log := filepath.Join(t.TempDir(), "joblog")
	b.run(list("a b"), func(o *Options) { o.Joblog = log }, "echo")
	sum := b.run(list("b"), func(o *Options) { o.Restart, o.Joblog = true, log }, "echo")
	b.expect("ok, before", []int64{sum.OK, sum.Before}, []int64{1, 0})
	text, err := os.ReadFile(log)
	if err != nil || strings.Count(string(text), "\n") != 2 {
		t.Errorf("%s, %v", text, err)
	}
	// Of another command too.
	sum = b.run(list("b"), func(o *Options) { o.Restart = true }, "printf")
	b.expect("ok", sum.OK, 1)
}

func TestMismatch(t *testing.T) {
	b := newBench(t)
	b.run(list("a"), nil, "echo", "it's")
	_, err := b.try(input.List(list("a"), InputLimit), nil, "printf")
	if err == nil || !strings.Contains(err.Error(), `batch "b"`) || !strings.Contains(err.Error(), `echo 'it'\''s'`) || !strings.Contains(err.Error(), "/here") {
		t.Errorf("got %v", err)
	}
	b.open(func(q *queue.Queue) {
		if _, err := DryRun(t.Context(), q, input.List(nil, InputLimit), Options{Command: list("printf"), Name: "b", Stdout: io.Discard}); err == nil {
			t.Error("a dry run says nothing")
		}
	})
	b.run(list("a"), func(o *Options) { o.Dir = "/there" }, "echo", "it's")
	if !strings.Contains(b.errs.String(), "begun in /here") {
		t.Errorf("another directory: %s", b.errs.String())
	}
}

func TestNothingRunsBeforeAMistakeIsFound(t *testing.T) {
	b := newBench(t)
	for _, in := range []string{"a\nb\x00c\n", "a\n" + strings.Repeat("x", InputLimit+1)} {
		sum, err := b.try(input.Stream(strings.NewReader(in), "stdin", '\n', InputLimit), nil, "echo")
		if err == nil || !strings.Contains(err.Error(), "stdin, line 2") || b.out.Len() > 0 || !sum.Empty() {
			t.Errorf("%+v, %v, printed %q", sum, err, b.out.String())
		}
	}
	if _, err := b.try(input.List(list("a"), InputLimit), nil, "no-such-program"); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("got %v", err)
	}
	b.open(func(q *queue.Queue) {
		rows, err := q.Count(t.Context(), store.Filter{})
		if err != nil || len(rows) > 0 {
			t.Errorf("%+v, %v", rows, err)
		}
	})
}

func TestLargestInputIsStored(t *testing.T) {
	b := newBench(t)
	sum := b.run([]string{strings.Repeat("x", InputLimit)}, nil, "echo")
	b.expect("failed", sum.Failed, 1) // too long for a command line, not for the journal
	if !strings.Contains(b.errs.String(), "put the data into a file") {
		t.Errorf("%.2000s", b.errs.String())
	}
}

func TestHaltSoon(t *testing.T) {
	b := newBench(t)
	inputs := make([]string, 200)
	for i := range inputs {
		inputs[i] = fmt.Sprint(i)
	}
	policy, err := halt.Parse("soon,fail=2")
	if err != nil {
		t.Fatal(err)
	}
	sum := b.run(inputs, func(o *Options) { o.Halt = policy }, "false")
	if !sum.Halted || sum.Failed < 2 || sum.Ended() > 100 || sum.AllDone() {
		t.Errorf("%+v", sum)
	}
	before := sum.Failed
	sum = b.run(inputs, nil, "false")
	b.expect("the rest", []int64{sum.Failed, sum.Unmet}, []int64{200 - before, before})
}

func TestKeepOrder(t *testing.T) {
	b := newBench(t)
	// The earlier ones take longer.
	sum := b.run(list("3 1 2 0"), func(o *Options) { o.Slots, o.KeepOrder = 4, true }, "sh", "-c", "sleep 0.0$0; echo $0; echo e$0 >&2")
	b.expect("ok", sum.OK, 4)
	b.expect("order", b.out.String(), "3\n1\n2\n0\n")
	b.expect("order of stderr", b.errs.String(), "e3\ne1\ne2\ne0\n")
}

func TestOutputIsKept(t *testing.T) {
	b := newBench(t)
	results, log := filepath.Join(t.TempDir(), "results"), filepath.Join(t.TempDir(), "joblog")
	with := func(o *Options) { o.Results, o.Joblog = results, log }
	const size = 300_000
	sum := b.run(list("x y"), with, "sh", "-c", fmt.Sprintf("head -c %d /dev/zero; echo >&2; [ $0 = x ]", size))
	b.expect("ok, failed", []int64{sum.OK, sum.Failed}, []int64{1, 1})
	b.expect("printed whole", b.out.Len(), 2*size)
	for seq, exit := range map[string]string{"1": "0\n", "2": "1\n"} {
		stdout, err := os.ReadFile(filepath.Join(results, seq, "stdout"))
		if err != nil || len(stdout) != size {
			t.Errorf("%s: %d bytes, %v", seq, len(stdout), err)
		}
		if got, err := os.ReadFile(filepath.Join(results, seq, "exitval")); err != nil || string(got) != exit {
			t.Errorf("%s: exitval %q, %v", seq, got, err)
		}
	}
	text, err := os.ReadFile(log)
	if err != nil || strings.Count(string(text), fmt.Sprintf("\t0\t%d\t", size)) != 2 || strings.Count(string(text), "\n") != 3 {
		t.Errorf("%s, %v", text, err)
	}
	b.open(func(q *queue.Queue) {
		for job, err := range q.Jobs(t.Context(), store.Filter{States: store.SetOf(store.Completed)}, store.AllParts) {
			var args Args
			var result Result
			if err == nil {
				err = decode(job.Args, &args)
			}
			if err == nil {
				err = decode(job.Result, &result)
			}
			if err != nil || args != (Args{"x", 1}) || result.ExitCode != 0 || result.Stderr != "\n" ||
				result.StdoutCut != size-128<<10 || len(result.Stdout) < 128<<10 || len(result.Stdout) > 129<<10 {
				t.Errorf("%+v, %d bytes, cut %d, %v", args, len(result.Stdout), result.StdoutCut, err)
			}
		}
	})
}

// TestJoblogIsCompleted: lines that a killed run could not write are added by the next one.
func TestJoblogIsCompleted(t *testing.T) {
	b := newBench(t)
	columns := func(path string) (lines []string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			c := strings.Split(line, "\t")
			lines = append(lines, strings.Join(append(c[:1:1], c[4:]...), "\t"))
		}
		slices.Sort(lines)
		return lines
	}
	command := []string{"sh", "-c", "echo $0; head -c 200000 /dev/zero; [ $0 != 3 ] || kill -9 $$; exit $0"}
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	b.run(list("0 2 3"), func(o *Options) { o.Joblog = first }, command...)
	b.run(list("0 2 3"), func(o *Options) { o.Joblog = second }, command...)
	b.run(list("0 2 3"), func(o *Options) { o.Joblog = second }, command...)
	// What failed has left no length of its output.
	want := columns(first)
	for i, line := range want {
		if strings.HasPrefix(line, "2\t") || strings.HasPrefix(line, "3\t") {
			want[i] = strings.Replace(line, "\t200002\t", "\t0\t", 1)
		}
	}
	b.expect("lines", strings.Join(columns(second), ""), strings.Join(want, ""))
}

func TestBrokenPipeStopsTheRun(t *testing.T) {
	b := newBench(t)
	inputs := make([]string, 300)
	sum, err := b.try(input.List(inputs, InputLimit), func(o *Options) {
		o.Stdout = writerFunc(func([]byte) (int, error) { return 0, syscall.EPIPE })
	}, "echo")
	if err == nil || !strings.Contains(err.Error(), "broken pipe") || sum.AllDone() {
		t.Errorf("%+v, %v", sum, err)
	}
	sum = b.run(inputs, nil, "echo")
	b.expect("all", sum.OK+sum.Before, 300)
}

func TestPausedQueue(t *testing.T) {
	b := newBench(t)
	b.run(list("a"), nil, "echo")
	b.open(func(q *queue.Queue) {
		if err := q.Pause(t.Context(), queue.BatchQueue("b"), "disk swap"); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := b.try(input.List(list("a b"), InputLimit), nil, "echo"); err == nil || !strings.Contains(err.Error(), "disk swap") {
		t.Errorf("got %v", err)
	}
}
