package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bgq-dev/bgq/store"
)

// fullEnv makes the test binary work with a limit on the size of its files, which
// makes commits fail as a full disk does.
const fullEnv = "BOLTSTORE_TEST_FULL"

// On a full disk a call fails with ErrNotStored and is not stored. The store goes on
// by itself when there is space again.
func TestFullDisk(t *testing.T) {
	if path := os.Getenv(fullEnv); path != "" {
		fillUp(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "jobs.db")
	child := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	child.Env = append(os.Environ(), fullEnv+"="+path)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	stored := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), "stored "); ok {
			stored[id] = true
		}
	}
	s := openAt(t, path, Options{})
	jobs := mustClaim(t, s, 10_000)
	for _, j := range jobs {
		if !stored[j.ID.String()] {
			t.Errorf("job %s is there, and nobody was told", j.ID)
		}
	}
	if len(jobs) != len(stored) || len(jobs) == 0 {
		t.Errorf("%d jobs are there, %d were acknowledged", len(jobs), len(stored))
	}
}

func fillUp(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := Open(path, Options{MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &all); err != nil {
		t.Fatal(err)
	}
	limit := func(n uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: all.Max}); err != nil {
			t.Fatal(err)
		}
	}
	enqueue := func() error {
		j := newTestJob()
		j.Args = make(store.Value, 100_000)
		_, err := s.Enqueue(context.Background(), []store.Job{j})
		if err == nil {
			fmt.Println("stored", j.ID)
		}
		return err
	}
	limit(3 << 20)
	failures := 0
	for range 100 {
		if err := enqueue(); err != nil {
			failures++
			if !errors.Is(err, store.ErrNotStored) {
				t.Fatalf("on a full disk: %v", err)
			}
		}
		if failures == 3 {
			break
		}
	}
	if failures == 0 {
		t.Fatal("the disk was never full")
	}
	limit(all.Max)
	if err := enqueue(); err != nil {
		t.Fatalf("with space again: %v", err)
	}
}
