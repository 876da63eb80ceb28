package boltstore

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/bgq-dev/bgq/store"
)

// compactFullEnv makes the test binary compact under limits on the size of its files, which
// makes writing the new one fail as a full disk does.
const compactFullEnv = "BOLTSTORE_TEST_COMPACT_FULL"

// Wherever the disk becomes full, Compact fails, the old file stays, and work goes on.
func TestCompactOnAFullDisk(t *testing.T) {
	if path := os.Getenv(compactFullEnv); path != "" {
		compactUntilItFits(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "jobs.db")
	child := exec.Command(os.Args[0], "-test.run=^TestCompactOnAFullDisk$")
	child.Env = append(os.Environ(), compactFullEnv+"="+path)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	openAt(t, path, Options{})
	alone(t, path)
}

func compactUntilItFits(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := Open(path, Options{MinFree: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	for range 20 {
		jobs := newTestJobs(10)
		for i := range jobs {
			jobs[i].Args = make(store.Value, 10_000)
		}
		mustEnqueue(t, s, jobs...)
	}
	var all syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &all); err != nil {
		t.Fatal(err)
	}
	want := dump(t, s)
	failures := 0
	for limit := uint64(4 << 10); ; limit += 150_001 {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: all.Max}); err != nil {
			t.Fatal(err)
		}
		done, err := s.Compact(ctx)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &all); err != nil {
			t.Fatal(err)
		}
		sameDump(t, dump(t, s), want)
		if err == nil {
			fmt.Println(failures, "failures, then", done)
			break
		}
		failures++
		wantFileError(t, err, syscall.EFBIG)
		alone(t, path)
	}
	if failures < 5 {
		t.Errorf("%d failures", failures)
	}
	mustEnqueue(t, s, newTestJob())
	audit(t, s)
}
