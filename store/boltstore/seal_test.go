//go:build darwin || dragonfly || freebsd || (linux && !android) || netbsd

package boltstore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// crashed returns the file of a store that was killed with so many jobs in it.
func crashed(t *testing.T, n int) string {
	t.Helper()
	s := open(t, Options{})
	mustEnqueue(t, s, newTestJobs(n)...)
	return copyFile(t, s.abs)
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// After a crash the open leaves the file as a clean close does, whatever comes then.
func TestOpenSeals(t *testing.T) {
	for _, then := range []string{"closed", "killed", "killed after a commit"} {
		t.Run(then, func(t *testing.T) {
			path := crashed(t, 100)
			if isClean(t, path) {
				t.Fatal("it was closed well")
			}
			s := openAt(t, path, Options{})
			if !isClean(t, path) || s.written {
				t.Fatalf("it is open: clean %v, written %v", isClean(t, path), s.written)
			}
			if then == "killed after a commit" {
				mustEnqueue(t, s, newTestJob())
			}
			before := readFile(t, path)
			if then == "closed" {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(readFile(t, path), before) {
					t.Error("it was written to by Close, and there was nothing to write")
				}
			} else {
				path = copyFile(t, path)
			}
			if clean := then != "killed after a commit"; isClean(t, path) != clean {
				t.Errorf("clean is %v", !clean)
			}
			want := 100
			if then == "killed after a commit" {
				want++
			}
			if jobs := mustClaim(t, openAt(t, path, Options{}), 1000); len(jobs) != want {
				t.Errorf("%d jobs, want %d", len(jobs), want)
			}
		})
	}
}

// Being killed again and again does not make the file grow.
func TestSealedFilesDoNotGrow(t *testing.T) {
	path := crashed(t, 1000)
	var first int
	for i := range 30 {
		s := openAt(t, path, Options{})
		if jobs := mustClaim(t, s, 1); len(jobs) != 1 {
			t.Fatalf("life %d: %d jobs", i, len(jobs))
		}
		path = copyFile(t, path)
		b := readFile(t, path)
		report, err := pagecheck.ReadMeta(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case i == 0:
			first = report.Pages
		case report.Pages > first+5:
			t.Fatalf("life %d: %d pages became %d", i, first, report.Pages)
		}
	}
}

// A file that is refused, or only read, is not written to.
func TestRefusedFilesAreNotSealed(t *testing.T) {
	killed := func(t *testing.T, path string, change func(*bbolt.Tx) error) {
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, NoFreelistSync: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.Update(change), db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	format := func(b []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			openAt(t, path, Options{}).Close()
			killed(t, path, func(tx *bbolt.Tx) error {
				return tx.Bucket(rootName).Bucket([]byte("meta")).Put([]byte("format"), b)
			})
		}
	}
	for _, c := range []struct {
		name   string
		make   func(*testing.T, string)
		o      Options
		target error // nil: it is opened
	}{
		{"no queue", func(t *testing.T, path string) {
			makeForeign(t, path)
			killed(t, path, func(*bbolt.Tx) error { return nil })
		}, Options{}, store.ErrForeign},
		{"a newer format", format([]byte{0, 0, 0, 99}), Options{}, store.ErrNewerFormat},
		{"a format that cannot be read", format([]byte("?")), Options{}, store.ErrCorrupt},
		{"for reading only", func(t *testing.T, path string) {
			if err := os.Rename(crashed(t, 10), path); err != nil {
				t.Fatal(err)
			}
		}, Options{ReadOnly: true}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "jobs.db")
			c.make(t, path)
			if isClean(t, path) {
				t.Fatal("there is nothing to seal")
			}
			before := readFile(t, path)
			s, err := Open(path, c.o)
			if err == nil {
				err = s.Close()
			}
			if !errors.Is(err, c.target) {
				t.Errorf("Open: %v", err)
			}
			if !bytes.Equal(readFile(t, path), before) {
				t.Error("the file was changed")
			}
		})
	}
}

// A file of an application that was killed can be adopted, and is sealed from then on.
func TestAdoptAfterACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	makeForeign(t, path)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(func(*bbolt.Tx) error { return nil }), db.Close()); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path, Options{Adopt: true})
	mustEnqueue(t, s, newTestJob())
	path = copyFile(t, path)
	s = openAt(t, path, Options{})
	if !isClean(t, path) || len(mustClaim(t, s, 10)) != 1 {
		t.Error("it is not sealed, or the job is gone")
	}
	app, err := bbolt.Open(copyFile(t, path), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	err = app.View(func(tx *bbolt.Tx) error {
		if v := tx.Bucket([]byte("app")).Get([]byte("key")); string(v) != "value" {
			t.Errorf("the data of the application is %q", v)
		}
		for err := range tx.Check() {
			t.Error(err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A commit of which only half of the meta page came to disk is not stored. The open that
// follows gives its number to the list of free pages, which says nothing about it.
func TestTornCommitIsResolved(t *testing.T) {
	s := open(t, Options{})
	j := newTestJob()
	mustEnqueue(t, s, j)
	mustEnqueue(t, s, newTestJob()) // the one that is torn
	id := commits(t, s)
	if _, err := s.file.WriteAt(make([]byte, 40), int64(id%2)*int64(s.db.Info().PageSize)+16); err != nil {
		t.Fatal(err)
	}
	wantFileError(t, resolveAs(s, id), store.ErrNotStored)
	if now := commits(t, s); now != id {
		t.Errorf("the last transaction is %d, want %d: the list of free pages", now, id)
	}
	if !isClean(t, s.abs) {
		t.Error("it is not sealed")
	}
	wantFileError(t, resolveAs(s, id+1), store.ErrNotStored) // the next one fails too
	if jobs := mustClaim(t, s, 10); len(jobs) != 1 || jobs[0].ID != j.ID {
		t.Errorf("claimed %v", jobs)
	}
}

// If the file cannot be written to, it stays as it is, and bbolt can open it.
func TestSealFileFails(t *testing.T) {
	path := crashed(t, 100)
	before := readFile(t, path)
	f, err := os.Open(path) // for reading only, which makes each write fail
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pages, err := pagecheck.Walk(f, int64(len(before)))
	if err != nil {
		t.Fatal(err)
	}
	sealFile(f, pages)
	if pages.Clean || !bytes.Equal(readFile(t, path), before) {
		t.Errorf("clean is %v, or the file was changed", pages.Clean)
	}
}
