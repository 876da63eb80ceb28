package integration_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

func init() { roles["spoiler"] = spoilerMain }

// spoilerMain writes into a file, says so, and does not close it.
func spoilerMain(args []string) error {
	st, err := boltstore.Open(args[0], boltstore.Options{})
	if err != nil {
		return err
	}
	q, err := queue.New(st, queue.Config{})
	if err != nil {
		return err
	}
	if _, err := q.Enqueue(context.Background(), queue.NewJob{Kind: "last"}); err != nil {
		return err
	}
	fmt.Println("stored")
	select {}
}

// fillFile stores n jobs in a new file: a tenth of them is discarded, a tenth completed.
func fillFile(t *testing.T, path string, n int) {
	t.Helper()
	const chunk = 1000
	ctx := t.Context()
	st, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	q, err := queue.New(st, queue.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for done := 0; done < n; done += chunk {
		jobs := make([]queue.NewJob, chunk)
		for i := range jobs {
			jobs[i] = queue.NewJob{Kind: fmt.Sprintf("kind%d", i%4), Queue: fmt.Sprintf("queue%d", i%3), Args: store.Value{0xcd, byte(i >> 8), byte(i)}}
		}
		if _, err := q.Enqueue(ctx, jobs...); err != nil {
			t.Fatal(err)
		}
		claimed, err := q.Claim(ctx, queue.ClaimRequest{Want: []store.Want{{Queue: "queue0", N: chunk / 5}}})
		if err != nil {
			t.Fatal(err)
		}
		attempts := make([]queue.Attempt, len(claimed.Jobs))
		for i := range claimed.Jobs {
			attempts[i] = queue.Attempt{Job: &claimed.Jobs[i], Verdict: queue.Succeeded, Result: store.Value{0xc0}}
			if i%2 == 0 {
				attempts[i].Verdict, attempts[i].Result = queue.Hopeless, nil
				attempts[i].Failure = &store.Failure{At: st.Now(), Attempt: 1, Kind: store.FailError, Message: fmt.Sprintf("write /thumbs/%d.jpg: no space left", i)}
			}
		}
		if _, err := q.Finish(ctx, attempts...); err != nil {
			t.Fatal(err)
		}
	}
}

// firstByte runs a command, and returns how long it took until it had printed something, be it that it has
// to search.
func firstByte(t *testing.T, cmd *exec.Cmd) time.Duration {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = in, in
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	first := make([]byte, 200)
	n, readErr := out.Read(first)
	took := time.Since(began)
	out.Close() // who reads no further is no reason to complain
	err = cmd.Wait()
	if text := string(first[:n]); readErr != nil || strings.Contains(text, "bgq: ") {
		t.Fatalf("%s printed %q: %v, %v", cmd, text, readErr, err)
	}
	return took
}

// TestFirstOutputWithAMillionJobs: the command answers at once, however much is in the file,
// also where it has to search, and after a kill.
func TestFirstOutputWithAMillionJobs(t *testing.T) {
	jobs, limit := 1_000_000, 100*time.Millisecond
	if testing.Short() {
		jobs = 100_000
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "bgq.db")
	fillFile(t, path, jobs)
	lines := [][]string{
		{"status"},
		{"jobs", "list"},
		{"jobs", "list", "-n", "5", "-o", "json"},
		{"jobs", "list", "--all", "-o", "jsonl"},
		{"jobs", "list", "state:failed", "kind:kind2"},
		{"jobs", "list", `error~"space left"`},
		{"jobs", "count", "--by", "kind,state"},
		{"queues", "list"},
	}
	for i, args := range append(lines, lines[0], lines[1]) {
		name := strings.Join(args, " ")
		if i == len(lines) {
			if l := live(t, inRole(t, "spoiler", path), death{lines: 1}); !l.killed() {
				t.Fatalf("it should have been killed: %+v", l)
			}
		}
		limit := limit
		if i >= len(lines) { // every page is looked at before the file is trusted
			name, limit = name+", after a kill", 10*limit
		}
		t.Run(name, func(t *testing.T) {
			var all []time.Duration
			for range 7 { // other tests share the machine: one undisturbed run is proof
				took := firstByte(t, bgq(t, dir, args...))
				all = append(all, took)
				if took < limit {
					break
				}
			}
			slices.Sort(all)
			t.Logf("%v", all[0].Round(time.Millisecond))
			if all[0] > limit {
				t.Errorf("the first output came after %v at best, and should after %v", all[0], limit)
			}
		})
	}
}

// TestSearchingIsHonest: a filter that has to look at every job finds exactly what is there.
func TestSearchingIsHonest(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "bgq.db")
	const jobs = 20_000
	fillFile(t, path, jobs)
	out, err := bgq(t, dir, "jobs", "list", "--all", "-o", "name", `error~"/8.jpg"`).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := 0
	st, err := boltstore.Open(path, boltstore.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	q, err := queue.New(st, queue.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for j, err := range q.Jobs(context.Background(), store.Filter{}, store.PartFailures) {
		if err != nil {
			t.Fatal(err)
		}
		if len(j.Failures) > 0 && strings.Contains(j.Failures[0].Message, "/8.jpg") {
			want++
		}
	}
	if got := strings.Count(string(out), "\n"); got != want || want == 0 {
		t.Errorf("it found %d, and there are %d", got, want)
	}
}
