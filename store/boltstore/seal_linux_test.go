package boltstore

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"github.com/bgq-dev/bgq/store"
)

// sealEnv makes the test binary open a file that it cannot write to.
const sealEnv = "BOLTSTORE_TEST_SEAL"

// On a disk that takes nothing any more, a file that was not closed well is opened as it
// is, and everything in it can be read.
func TestOpenOnFullDisk(t *testing.T) {
	if path := os.Getenv(sealEnv); path != "" {
		openUnwritable(t, path)
		return
	}
	path := crashed(t, 100)
	child := exec.Command(os.Args[0], "-test.run=^TestOpenOnFullDisk$")
	child.Env = append(os.Environ(), sealEnv+"="+path)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if jobs := mustClaim(t, openAt(t, path, Options{}), 1000); len(jobs) != 99 {
		t.Errorf("%d jobs, want 99", len(jobs))
	}
}

func openUnwritable(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ)
	var all syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &all); err != nil {
		t.Fatal(err)
	}
	limit := func(n uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: all.Max}); err != nil {
			t.Fatal(err)
		}
	}
	before := readFile(t, path)
	limit(0) // all writing fails
	s := openAt(t, path, Options{MinFree: -1})
	_, claimErr := s.Claim(t.Context(), request(1))
	counts, err := s.Count(t.Context())
	after := readFile(t, path)
	limit(all.Cur)
	if err != nil || len(counts) == 0 {
		t.Errorf("Count: %v, %v", counts, err)
	}
	if !errors.Is(claimErr, store.ErrNotStored) {
		t.Errorf("Claim: %v", claimErr)
	}
	if !bytes.Equal(after, before) {
		t.Error("the file was changed")
	}
	if jobs := mustClaim(t, s, 1); len(jobs) != 1 {
		t.Errorf("with space again: %d jobs", len(jobs))
	}
}
