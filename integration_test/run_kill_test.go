package integration_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/bgq-dev/bgq/store"
)

// TestKilledRun hashes a tree of real files with bgq run, kills it with all it has started at
// random moments, and types the same line again each time.
func TestKilledRun(t *testing.T) {
	needShell(t)
	dir := t.TempDir()
	r := &hashRun{
		t: t, dir: dir, files: sourceFiles(t), tool: hashTool(t),
		ledger: filepath.Join(dir, "ledger"), done: map[string]bool{}, completed: recorded{},
	}
	for range *kills {
		if l := r.life(soon(len(r.files) / *kills)); !l.killed() {
			t.Fatalf("the run ended before it was killed: exit code %d\n%s", l.code, l.stderr)
		}
	}
	if l := r.life(never); l.code != 0 {
		t.Fatalf("the last run: exit code %d\n%s", l.code, l.stderr)
	}
	executions := len(r.executed)
	if l := r.life(never); l.code != 0 || len(l.lines) > 0 || len(r.executed) != executions {
		t.Errorf("the run after the last: exit code %d, %d lines, %d commands; want nothing to do", l.code, len(l.lines), len(r.executed)-executions)
	}
	r.end()
}

// needShell skips a test where there is no POSIX shell.
func needShell(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil || runtime.GOOS == "windows" {
		t.Skip("there is no POSIX shell")
	}
}

// hashTool is a program that prints a digest and the name of a file.
func hashTool(t *testing.T) string {
	t.Helper()
	for _, tool := range []string{"sha256sum", "shasum", "cksum"} {
		if _, err := exec.LookPath(tool); err == nil {
			return tool
		}
	}
	t.Skip("there is no sha256sum, and nothing like it")
	return ""
}

// sourceFiles lists files of the Go source tree: all of them with -whole.
func sourceFiles(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	src := filepath.Join(strings.TrimSpace(string(out)), "src")
	roots := []string{filepath.Join(src, "encoding"), filepath.Join(src, "net")}
	if *whole {
		roots = []string{src}
	}
	var files []string
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// hashRun is what the test has learnt from the lives so far.
type hashRun struct {
	t     *testing.T
	dir   string
	files []string
	tool  string

	ledger    string          // each command appends its input to this file when it begins
	executed  []string        // the lines of the ledger
	done      map[string]bool // inputs that the file said were done, after any life
	completed recorded
	printed   []string // whole lines on stdout
	journal   *journal
}

func (r *hashRun) life(d death) *life {
	r.t.Helper()
	cmd := bgq(r.t, r.dir, "run", "--db", "hash.db", "--name", "hash", "-j2", "--progress", "none", "--",
		"sh", "-c", `printf '%s\n' "$2" >>"$0" && exec "$1" "$2"`, r.ledger, r.tool, "{}")
	cmd.Stdin = strings.NewReader(strings.Join(r.files, "\n") + "\n")
	l := live(r.t, cmd, d)
	if l.killed() && len(l.lines) > 0 {
		r.printed = append(r.printed, l.lines[:len(l.lines)-1]...) // the last one may be cut off
	} else {
		r.printed = append(r.printed, l.lines...)
	}
	began := len(r.executed)
	r.executed = readLines(r.t, r.ledger)
	for _, line := range r.executed[began:] {
		if input := strings.TrimSuffix(line, "\n"); r.done[input] {
			r.t.Errorf("%s ran again after it was recorded as done", input)
		}
	}
	r.journal = audit(r.t, filepath.Join(r.dir, "hash.db"))
	r.completed.extend(r.t, r.journal)
	for _, j := range r.journal.jobs {
		if j.State == store.Completed {
			r.done[inputOf(r.t, j)] = true
		}
	}
	return l
}

// inputOf returns the input of a job of bgq run.
func inputOf(t *testing.T, j *store.Job) string {
	t.Helper()
	var args struct {
		Input string `msgpack:"input"`
	}
	decodeArgs(t, j, &args)
	return args.Input
}

func readLines(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return slices.Collect(strings.Lines(string(b)))
}

// end holds the results against those of the same tool without bgq.
func (r *hashRun) end() {
	want := map[string]bool{}
	for chunk := range slices.Chunk(r.files, 200) {
		out, err := exec.Command(r.tool, chunk...).Output()
		if err != nil {
			r.t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			want[line] = true
		}
	}
	if len(want) != len(r.files) {
		r.t.Fatalf("%s prints %d lines for %d files", r.tool, len(want), len(r.files))
	}
	for _, line := range r.printed {
		if !want[line+"\n"] {
			r.t.Errorf("printed, and not what %s prints: %q", r.tool, line)
		}
	}
	got := results(r.t, r.dir, "hash.db", "hash")
	if len(got) != len(r.files) {
		r.t.Errorf("there are %d results for %d files", len(got), len(r.files))
	}
	for _, result := range got {
		if result.State != store.Completed.String() || !want[result.Result.Stdout] {
			r.t.Errorf("a result that is wrong: %+v", result)
		}
		delete(want, result.Result.Stdout)
	}
	if len(want) > 0 {
		r.t.Errorf("%d files have no result", len(want))
	}
	ran := map[string]int{}
	again := 0
	for _, line := range r.executed {
		input := strings.TrimSuffix(line, "\n")
		if ran[input]++; ran[input] > 1 {
			again++
		}
	}
	for _, file := range r.files {
		if ran[file] == 0 {
			r.t.Errorf("%s never ran", file)
		}
	}
	r.t.Logf("%d kills, %d files, %d commands ran again", *kills, len(r.files), again)
}

// runResult is a line of bgq batches results.
type runResult struct {
	Index  int
	State  string
	Error  string
	Result struct {
		ExitCode int `json:"exit_code"`
		Stdout   string
	}
}

// results asks the command for the results of a batch of bgq run.
func results(t *testing.T, dir, db, name string) []runResult {
	t.Helper()
	out, err := bgq(t, dir, "batches", "results", name, "--db", db, "-o", "jsonl").Output()
	if err != nil {
		t.Fatalf("batches results: %v", err)
	}
	var all []runResult
	in := json.NewDecoder(bytes.NewReader(out))
	for in.More() {
		var r runResult
		if err := in.Decode(&r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}
