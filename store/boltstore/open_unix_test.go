//go:build unix

package boltstore

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/bgq-dev/bgq/store"
)

// A pipe is refused at once: opening it for reading would wait for somebody to write.
func TestOpenPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	for _, readOnly := range []bool{false, true} {
		_, err := Open(path, Options{ReadOnly: readOnly})
		wantFileError(t, err, store.ErrForeign)
	}
}

// Who waits for the lock of a file must not end up with the lock of one that has lost
// its name meanwhile: everything stored in it would be gone.
func TestFileReplacedBeforeItWasLocked(t *testing.T) {
	s := open(t, Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(s.abs, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := s.inspect(f); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(copyFile(t, s.abs), s.abs); err != nil {
		t.Fatal(err)
	}
	if _, err := s.inspect(f); err != errReplaced {
		t.Errorf("got %v", err)
	}
	openAt(t, s.abs, Options{})
}
