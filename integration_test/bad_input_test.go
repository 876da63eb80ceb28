package integration_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// bad is a row of the table: a command line or an input that is wrong, or very odd.
type bad struct {
	name    string
	prepare func(t *testing.T, dir string) // besides q.db, which holds the batch "seed"
	args    []string
	stdin   string
	code    int
	stdout  string   // exactly; "*" is anything
	stderr  []string // texts that must be in it: what, where, what next
}

var badRows = []bad{
	{name: "unknown flag", args: []string{"run", "--db", "q.db", "--retry", "--", "true"}, code: 2,
		stderr: []string{"--retry", "bgq run"}},
	{name: "unknown command", args: []string{"rum"}, code: 2, stderr: []string{`"rum"`, "run"}},
	{name: "a flag without its value", args: []string{"run", "--db", "q.db", "--timeout"}, code: 2, stderr: []string{"--timeout", "bgq run"}},
	{name: "missing command", args: []string{"run", "--db", "q.db"}, stdin: "a\n", code: 2,
		stderr: []string{"needs a command", "for example"}},
	{name: "missing command, inputs given", args: []string{"run", "--db", "q.db", ":::", "a"}, code: 2,
		stderr: []string{"needs a command", "for example"}},
	{name: "command that does not exist", args: []string{"run", "--db", "q.db", "--", "no-such-program", "{}", ":::", "a"}, code: 2,
		stderr: []string{"no-such-program", "check its name"}},

	{name: "newline in an input", args: []string{"run", "--db", "q.db", "-k", "-0", "--", "printf", "<%s>"}, stdin: "a\nb\x00c\x00", stdout: "<a\nb><c>"},
	{name: "NUL in an input", args: []string{"run", "--db", "q.db", "-k", "--name", "new", "--", "printf", "<%s>"}, stdin: "a\x00b\nc\n", code: 1,
		stdout: "*", stderr: []string{"line 1", "NUL", "-0"}},
	{name: "NUL behind good inputs", args: []string{"run", "--db", "q.db", "-k", "--name", "new", "--", "printf", "<%s>"}, stdin: "a\nb\nc\x00\n", code: 1,
		stdout: "*", stderr: []string{"line 3", "NUL", "-0"}},
	{name: "invalid UTF-8", args: []string{"run", "--db", "q.db", "-k", "--", "printf", "<%s>"}, stdin: "ok\nbad\xff\xfe\n", stdout: "<ok><bad\xff\xfe>"},
	{name: "empty input", args: []string{"run", "--db", "q.db", "-k", "--", "printf", "<%s>"}, stdin: "a\n\nb\n", stdout: "<a><><b>"},
	{name: "no input", args: []string{"run", "--db", "q.db", "--", "printf", "<%s>"}, stderr: []string{"no inputs"}},
	{name: "the same input twice", args: []string{"run", "--db", "q.db", "--", "printf", "<%s>"}, stdin: "a\na\n", stdout: "<a><a>"},
	{name: "1 MB in one input", args: []string{"run", "--db", "q.db", "--", "true"}, stdin: strings.Repeat("x", 1_000_000) + "\n", code: 3,
		stderr: []string{"argument list too long", "put the data into a file", "--retry-failed"}},
	{name: "an input above every limit", args: []string{"run", "--db", "q.db", "--", "true"}, stdin: strings.Repeat("x", 3_000_000) + "\n", code: 1,
		stderr: []string{"line 1", "longer than", "put the data into a file"}},
	{name: "inputs from a file that is not there", args: []string{"run", "--db", "q.db", "-a", "gone", "--", "true"}, code: 10, stderr: []string{"gone"}},
	{name: "inputs from a directory", args: []string{"run", "--db", "q.db", "-a", ".", "--", "true"}, code: 1, stderr: []string{"directory"}},

	{name: "a directory as --db", prepare: makeDir, args: []string{"run", "--db", "d", "--", "true", ":::", "a"}, code: 13,
		stderr: []string{"d: ", "directory", "--db"}},
	{name: "a directory as --db, for reading", prepare: makeDir, args: []string{"status", "--db", "d"}, code: 13, stderr: []string{"d: ", "directory", "--db"}},
	{name: "a path below a file as --db", args: []string{"run", "--db", "q.db/x.db", "--", "true", ":::", "a"}, code: 1, stderr: []string{"q.db/x.db"}},
	{name: "no such file", args: []string{"status", "--db", "gone.db"}, code: 10, stderr: []string{"gone.db", "--db"}},
	{name: "no such folder", args: []string{"run", "--db", "gone/q.db", "--", "true", ":::", "a"}, code: 10, stderr: []string{"gone/q.db", "directory"}},
	{name: "a text file as --db", prepare: makeText, args: []string{"run", "--db", "text", "--", "true", ":::", "a"}, code: 13,
		stderr: []string{"text: ", "not a bgq file", "check the name"}},
	{name: "a text file as --db, for reading", prepare: makeText, args: []string{"verify", "--db", "text"}, code: 13,
		stderr: []string{"text: ", "not a bgq file", "check the name"}},
	{name: "an empty file as --db", prepare: func(t *testing.T, dir string) { write(t, dir, "zero.db", nil) },
		args: []string{"run", "--db", "zero.db", "--", "true", ":::", "a"}, code: 20, stderr: []string{"zero.db: ", "empty", "backup"}},
	{name: "a truncated file", prepare: truncated, args: []string{"run", "--db", "short.db", "--", "true", ":::", "a"}, code: 20,
		stderr: []string{"short.db: ", "damaged", "cut short"}},
	{name: "a truncated file, verified", prepare: truncated, args: []string{"verify", "--db", "short.db"}, code: 20,
		stderr: []string{"short.db: ", "damaged", "cut short"}},
	{name: "a record with a flipped bit", prepare: flipped, args: []string{"verify", "--db", "flip.db"}, code: 20, stdout: "*",
		stderr: []string{"flip.db", "damaged", "backup"}},
	{name: "a zeroed page", prepare: zeroed, args: []string{"verify", "--db", "zeroed.db"}, code: 20, stdout: "*", stderr: []string{"zeroed.db", "damaged"}},
}

func makeDir(t *testing.T, dir string) {
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func makeText(t *testing.T, dir string) { write(t, dir, "text", []byte("Dear diary,\n")) }

func truncated(t *testing.T, dir string) {
	b := read(t, dir, "q.db")
	const kept = 5 // pages: far fewer than are in use
	write(t, dir, "short.db", b[:kept*4096])
}

// An older version of a record may still stand in a free page, so both of these damage every copy.

func flipped(t *testing.T, dir string) {
	damage(t, dir, "flip.db", func(b []byte, at int) { b[at] ^= 1 })
}

func zeroed(t *testing.T, dir string) {
	damage(t, dir, "zeroed.db", func(b []byte, at int) {
		page := at / 4096 * 4096
		clear(b[page : page+4096])
	})
}

func damage(t *testing.T, dir, name string, spoil func(b []byte, at int)) {
	t.Helper()
	b, text, places := read(t, dir, "q.db"), []byte(seedInputs[1]), 0
	for {
		at := bytes.Index(b, text)
		if at < 0 {
			break
		}
		spoil(b, at)
		places++
	}
	if places == 0 {
		t.Fatalf("%s is not in the file as it is", text)
	}
	write(t, dir, name, b)
}

func write(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBadInput holds every row to its exit code and its words, and looks after what
// was recorded before.
func TestBadInput(t *testing.T) {
	needShell(t)
	for _, row := range badRows {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "q.db", seeded(t))
			if row.prepare != nil {
				row.prepare(t, dir)
			}
			o := call(t, bgq(t, dir, row.args...), strings.NewReader(row.stdin))
			o.check(t, row.code, row.stderr...)
			if row.stdout != "*" && o.stdout != row.stdout {
				t.Errorf("stdout is %.200q, want %.200q", o.stdout, row.stdout)
			}
			checkSeed(t, dir, "q.db")
		})
	}
}

// outcome is what a command left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

func call(t *testing.T, cmd *exec.Cmd, stdin io.Reader) outcome {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	var ended *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// check demands a code, and words that a person can use.
func (o outcome) check(t *testing.T, code int, words ...string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d", o.code, code)
	}
	for _, w := range words {
		if !strings.Contains(o.stderr, w) {
			t.Errorf("%q is not in what it says", w)
		}
	}
	for _, w := range []string{"panic", "goroutine ", ".go:", "runtime error", "%!"} {
		if strings.Contains(o.stderr, w) {
			t.Errorf("%q is in what it says", w)
		}
	}
	if t.Failed() {
		t.Logf("it says: %.2000s", o.stderr)
	}
}

var seedInputs = []string{"seed-apple", "seed-berry", "seed-cherry"}

// seeded returns a file in which the batch "seed" is done.
var seeded = func() func(t *testing.T) []byte {
	var once sync.Once
	var file []byte
	return func(t *testing.T) []byte {
		t.Helper()
		once.Do(func() {
			dir := t.TempDir()
			args := append([]string{"run", "--db", "q.db", "--name", "seed", "--", "printf", "<%s>", ":::"}, seedInputs...)
			call(t, bgq(t, dir, args...), nil).check(t, 0)
			file = read(t, dir, "q.db")
		})
		return slices.Clone(file)
	}
}()

// checkSeed demands that a file is sound and still holds what was recorded.
func checkSeed(t *testing.T, dir, db string) {
	t.Helper()
	call(t, bgq(t, dir, "verify", "--db", db), nil).check(t, 0)
	got := results(t, dir, db, "seed")
	if len(got) != len(seedInputs) {
		t.Fatalf("of what was recorded before there are %d of %d results", len(got), len(seedInputs))
	}
	for i, r := range got {
		if want := "<" + seedInputs[i] + ">"; r.State != store.Completed.String() || r.Result.Stdout != want {
			t.Errorf("result %d is %+v, want %s", i, r, want)
		}
	}
}

// TestRandomDamage flips bits anywhere. The command never breaks down and never prints a wrong
// result, and verify finds whatever keeps it from printing all of them.
func TestRandomDamage(t *testing.T) {
	needShell(t)
	rounds := 40
	if *whole {
		rounds = 1000
	}
	dir := t.TempDir()
	for range rounds {
		b := seeded(t)
		at, bit := rand.IntN(len(b)), byte(1)<<rand.IntN(8)
		b[at] ^= bit
		write(t, dir, "q.db", b)
		verified := call(t, bgq(t, dir, "verify", "--db", "q.db"), nil)
		o := call(t, bgq(t, dir, "batches", "results", "seed", "--db", "q.db"), nil)
		for _, o := range []outcome{verified, o} {
			if !slices.Contains([]int{0, 5, 13, 20}, o.code) {
				t.Errorf("exit code %d", o.code)
			}
			o.check(t, o.code)
		}
		printed := 0
		for line := range strings.Lines(o.stdout) {
			switch {
			case slices.ContainsFunc(seedInputs, func(input string) bool { return strings.Contains(line, `"<`+input+`>"`) }):
				printed++
			case strings.Contains(line, "completed"):
				t.Errorf("a wrong result: %s", line)
			}
		}
		if verified.code == 0 && printed != len(seedInputs) {
			t.Errorf("verify finds nothing, and of the results only this is printed: %s%s", o.stdout, o.stderr)
		}
		if t.Failed() {
			t.Fatalf("with bit %#x of byte %d flipped", bit, at)
		}
	}
}

// numbers yields the lines 1 to n.
func numbers(n int) io.Reader {
	var b strings.Builder
	for i := range n {
		fmt.Fprintln(&b, i+1)
	}
	return strings.NewReader(b.String())
}

func TestManyInputs(t *testing.T) {
	needShell(t)
	dir := t.TempDir()
	write(t, dir, "q.db", seeded(t))
	const all = 100_000
	o := call(t, bgq(t, dir, "run", "--db", "q.db", "--dry-run", "--", "true"), numbers(all))
	o.check(t, 0)
	if n := strings.Count(o.stdout, "\n"); n != all || !strings.HasSuffix(o.stdout, "true 100000\n") {
		t.Errorf("a dry run prints %d lines, want %d", n, all)
	}
	run := 2000
	if *whole {
		run = all
	}
	args := []string{"run", "--db", "q.db", "--name", "many", "-j2", "--progress", "none", "--", "true"}
	call(t, bgq(t, dir, args...), numbers(run)).check(t, 0)
	if got := results(t, dir, "q.db", "many"); len(got) != run {
		t.Errorf("%d results of %d inputs", len(got), run)
	}
	checkSeed(t, dir, "q.db")
}

func TestLockedFile(t *testing.T) {
	needShell(t)
	dir := t.TempDir()
	write(t, dir, "q.db", seeded(t))
	st, err := boltstore.Open(filepath.Join(dir, "q.db"), boltstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	words := []string{"q.db", "locked", "stop "}
	if runtime.GOOS == "linux" {
		words = append(words, fmt.Sprintf("process %d ", os.Getpid()))
	}
	for _, args := range [][]string{{"status"}, {"jobs", "list"}, {"verify"}, {"run", "--", "true", ":::", "a"}} {
		call(t, bgq(t, dir, append([]string{"--db", "q.db"}, args...)...), nil).check(t, 11, words...)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	checkSeed(t, dir, "q.db")
}

// TestUnreadableFile: the modes of a file are obeyed, and named as the reason.
func TestUnreadableFile(t *testing.T) {
	needShell(t)
	// Everybody may enter this folder: root becomes nobody for the test.
	dir, err := os.MkdirTemp(scratch, "unreadable-")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(scratch, 0o755), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	db := filepath.Join(dir, "q.db")
	write(t, dir, "q.db", seeded(t))
	if err := os.Chmod(db, 0); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"status"}, {"verify"}, {"run", "--", "true", ":::", "a"}, {"run", "--db", "new.db", "-a", "q.db", "--", "true"}} {
		cmd := bgq(t, dir, append([]string{"--db", "q.db"}, args...)...)
		unprivileged(cmd)
		call(t, cmd, nil).check(t, 12, "q.db", "permission")
	}
	if err := os.Chmod(db, 0o600); err != nil {
		t.Fatal(err)
	}
	checkSeed(t, dir, "q.db")
}

// TestFullDisk: where the file cannot grow, bgq run says so and waits, starting
// nothing that could not be recorded. Killed there and run again with space, it goes on where it was.
func TestFullDisk(t *testing.T) {
	needShell(t)
	dir := t.TempDir()
	write(t, dir, "q.db", seeded(t))
	const inputs, size = 300, 30_000
	line := []string{"run", "--db", "q.db", "--name", "full", "-j2", "--progress", "none", "--", "sh", "-c",
		fmt.Sprintf(`printf x >>ledger; head -c %d /dev/zero | tr '\0' y`, size)}
	// The limit on the size of files stands for the disk: everybody may set it. What
	// the commands print has no line ends, so the lines are those of bgq.
	full := bgq(t, dir, line...)
	full.Args = append([]string{"sh", "-c", `trap '' XFSZ; ulimit -f 4096; exec "$0" "$@" 2>&1`, full.Path}, line...)
	full.Path = lookPath(t, "sh")
	full.Stdin = numbers(inputs)
	l := live(t, full, death{lines: 6, delay: 200 * time.Millisecond})
	if !l.killed() {
		t.Fatalf("it ended by itself, with exit code %d: %.2000s", l.code, l.lines)
	}
	said := outcome{stderr: strings.TrimLeft(strings.Join(l.lines, "\n"), "y")}
	said.check(t, 0, "q.db", "too large", "free some space", "trying again")
	checkSeed(t, dir, "q.db")
	recorded := len(results(t, dir, "q.db", "full"))
	ran := len(read(t, dir, "ledger"))
	if recorded == 0 || ran-recorded > 20 {
		t.Errorf("%d commands ran, and %d are on record", ran, recorded)
	}

	call(t, bgq(t, dir, line...), numbers(inputs)).check(t, 0)
	got := results(t, dir, "q.db", "full")
	if len(got) != inputs {
		t.Errorf("%d results of %d inputs", len(got), inputs)
	}
	for _, r := range got {
		if len(r.Result.Stdout) != size {
			t.Errorf("index %d has %d bytes of output, want %d", r.Index, len(r.Result.Stdout), size)
		}
	}
	if again := len(read(t, dir, "ledger")) - ran; again > inputs-recorded {
		t.Errorf("%d commands ran for the %d inputs that were not on record", again, inputs-recorded)
	}
	checkSeed(t, dir, "q.db")
}

func lookPath(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
