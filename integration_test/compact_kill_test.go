package integration_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

func init() { roles["compactor"] = compactorMain }

// compactorMain compacts its file again and again, while it stores and finishes jobs. It prints
// what was acknowledged.
func compactorMain(args []string) error {
	ctx := context.Background()
	st, err := boltstore.Open(args[0], boltstore.Options{LockTimeout: 10 * time.Second})
	if err != nil {
		return err
	}
	q, err := queue.New(st, queue.Config{KeepCompleted: queue.Forever})
	if err != nil {
		return err
	}
	if _, err := q.Recover(ctx); err != nil {
		return err
	}
	failed := make(chan error)
	go func() {
		for {
			if err := storeAndFinish(ctx, q); err != nil {
				failed <- err
			}
		}
	}()
	go func() {
		for n := 0; ; n++ {
			if _, err := st.Compact(ctx); err != nil {
				failed <- err
			}
			fmt.Println("compacted", n)
		}
	}()
	return <-failed
}

// storeAndFinish stores a few jobs, finishes what there is, and deletes a large one that
// nobody is to miss.
func storeAndFinish(ctx context.Context, q *queue.Queue) error {
	jobs := make([]queue.NewJob, 5)
	for i := range jobs {
		jobs[i] = queue.NewJob{Kind: "small", Args: make(store.Value, rand.IntN(600))}
	}
	waste := queue.NewJob{ID: store.NewID(), Kind: "waste", Hold: true, Args: make(store.Value, rand.IntN(100_000))}
	stored, err := q.Enqueue(ctx, append(jobs, waste)...)
	if err != nil {
		return err
	}
	for _, s := range stored[:len(jobs)] {
		fmt.Println("stored", s.ID)
	}
	claimed, err := q.Claim(ctx, queue.ClaimRequest{Want: []store.Want{{Queue: queue.DefaultQueue, N: 5}}})
	if err != nil {
		return err
	}
	attempts := make([]queue.Attempt, len(claimed.Jobs))
	for i := range claimed.Jobs {
		attempts[i] = queue.Attempt{Job: &claimed.Jobs[i], Verdict: queue.Succeeded, Result: store.Value{0xc0}}
	}
	if _, err := q.Finish(ctx, attempts...); err != nil {
		return err
	}
	for i := range attempts {
		fmt.Println("finished", attempts[i].Job.ID)
	}
	_, err = q.Delete(ctx, waste.ID)
	return err
}

// TestKilledCompaction kills a program that compacts its file, and demands each time that
// the file is whole and has all that was acknowledged.
func TestKilledCompaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	st, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Compact(t.Context()); errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	q, err := queue.New(st, queue.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // so that it takes a while
		ballast := make([]queue.NewJob, 100)
		for i := range ballast {
			ballast[i] = queue.NewJob{Kind: "ballast", Hold: true, Args: make(store.Value, 2000)}
		}
		if _, err := q.Enqueue(t.Context(), ballast...); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}

	stored, finished := map[string]bool{}, map[string]bool{}
	compacted, interrupted := 0, 0
	for range *kills {
		l := live(t, inRole(t, "compactor", path), death{lines: 1 + rand.IntN(300), delay: rand.N(20 * time.Millisecond)})
		if !l.killed() {
			t.Fatalf("the program ended before it was killed: exit code %d\n%s", l.code, l.stderr)
		}
		for _, line := range l.lines {
			switch what, id, _ := strings.Cut(line, " "); what {
			case "stored":
				stored[id] = true
			case "finished":
				finished[id] = true
			case "compacted":
				compacted++
			}
		}
		if entries := dirEntries(t, path); len(entries) > 1 {
			interrupted++
		}
		j := audit(t, path)
		for id := range stored {
			if job := j.jobs[mustID(t, id)]; job == nil {
				t.Errorf("job %s was acknowledged, and is lost", id)
			} else if finished[id] && job.State != store.Completed {
				t.Errorf("job %s was finished, and is %s", id, job.State)
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d kills, %d of them in the middle of a compaction, %d compactions came to their end, %d jobs", *kills, interrupted, compacted, len(stored))
	if interrupted == 0 && *kills >= 10 {
		t.Error("no compaction was killed")
	}
	if st, err = boltstore.Open(path, boltstore.Options{}); err != nil {
		t.Fatal(err)
	}
	if entries := dirEntries(t, path); len(entries) != 1 {
		t.Errorf("the folder holds %v, want the file alone", entries)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
}

func dirEntries(t *testing.T, path string) []os.DirEntry {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func mustID(t *testing.T, s string) store.ID {
	t.Helper()
	id, err := store.ParseID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
