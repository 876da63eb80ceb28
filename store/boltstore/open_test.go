package boltstore

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/migrations"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// wantFileError checks that an error says which file, what, and what to do next.
func wantFileError(t *testing.T, err, target error) {
	t.Helper()
	fe, ok := errors.AsType[*store.FileError](err)
	if !ok || !errors.Is(err, target) {
		t.Fatalf("got %v, want a FileError that matches %q", err, target)
	}
	if fe.Path == "" || fe.Hint == "" {
		t.Errorf("%v: path %q, hint %q", err, fe.Path, fe.Hint)
	}
}

func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	openAt(t, path, Options{}).Close()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode != 0o600 {
		t.Errorf("the mode is %o, want 600", mode)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v, want the file alone", entries, err)
	}
}

// Of many who create the same file at once, one does, and none spoils it.
func TestCreateTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := Open(path, Options{LockTimeout: 20 * time.Second})
			if err != nil {
				t.Error(err)
				return
			}
			mustEnqueue(t, s, newTestJob())
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	s := openAt(t, path, Options{})
	if jobs := mustClaim(t, s, 100); len(jobs) != 8 {
		t.Errorf("%d jobs are there, want 8", len(jobs))
	}
}

func TestOpenRefuses(t *testing.T) {
	write := func(content string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name   string
		make   func(*testing.T, string)
		o      Options
		target error
	}{
		{"a missing file to read", func(*testing.T, string) {}, Options{ReadOnly: true}, fs.ErrNotExist},
		{"an empty file", write(""), Options{}, store.ErrCorrupt},
		{"a short text", write("hello\n"), Options{}, store.ErrForeign},
		{"a long text", write(strings.Repeat("all work and no play\n", 5000)), Options{}, store.ErrForeign},
		{"an SQLite file", write("SQLite format 3\x00" + strings.Repeat("\x00", 1<<16)), Options{}, store.ErrForeign},
		{"a directory", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, Options{}, store.ErrForeign},
		{"a link that leads nowhere", func(t *testing.T, path string) {
			if err := os.Symlink("nowhere", path); err != nil {
				t.Skip(err)
			}
		}, Options{}, fs.ErrNotExist},
		{"a bbolt file of somebody else", makeForeign, Options{}, store.ErrForeign},
		{"a newer format", makeNewer, Options{}, store.ErrNewerFormat},
		{"a newer format, for reading", makeNewer, Options{ReadOnly: true}, store.ErrNewerFormat},
		{"a format that cannot be read", func(t *testing.T, path string) {
			rewriteMeta(t, path, []byte("?"))
		}, Options{}, store.ErrCorrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "jobs.db")
			c.make(t, path)
			before, _ := os.ReadFile(path)
			s, err := Open(path, c.o)
			if err == nil {
				s.Close()
				t.Fatal("it was opened")
			}
			wantFileError(t, err, c.target)
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
}

// makeForeign makes a bbolt file with data of an application.
func makeForeign(t *testing.T, path string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("app"))
		if err != nil {
			return err
		}
		return b.Put([]byte("key"), []byte("value"))
	})
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func makeNewer(t *testing.T, path string) {
	rewriteMeta(t, path, binary.BigEndian.AppendUint32(nil, uint32(migrations.Latest+1)))
}

// rewriteMeta makes a journal whose number of the format is replaced.
func rewriteMeta(t *testing.T, path string, format []byte) {
	t.Helper()
	s := openAt(t, path, Options{})
	err := s.Update(context.Background(), func(tx *bbolt.Tx) error {
		return tx.Bucket(rootName).Bucket([]byte("meta")).Put([]byte("format"), format)
	})
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestAdopt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	makeForeign(t, path)
	s := openAt(t, path, Options{Adopt: true})
	mustEnqueue(t, s, newTestJob())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, path, Options{}) // from now on it is a file with a queue
	if len(mustClaim(t, s, 1)) != 1 {
		t.Error("the job is gone")
	}
	err := s.Update(t.Context(), func(tx *bbolt.Tx) error {
		if v := tx.Bucket([]byte("app")).Get([]byte("key")); string(v) != "value" {
			t.Errorf("the data of the application is %q", v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	s := openAt(t, path, Options{})
	j := newTestJob()
	mustEnqueue(t, s, j)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	one, two := openAt(t, path, Options{ReadOnly: true}), openAt(t, path, Options{ReadOnly: true})
	for _, s := range []*Store{one, two} {
		jobs, err := s.Get(t.Context(), []store.ID{j.ID}, store.AllParts)
		if err != nil || len(jobs) != 1 {
			t.Errorf("Get: %v, %v", jobs, err)
		}
		if _, err := s.Enqueue(t.Context(), newTestJobs(1)); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("Enqueue: %v", err)
		}
		if err := s.Update(t.Context(), func(*bbolt.Tx) error { return nil }); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("Update: %v", err)
		}
		audit(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("reading changed the file")
	}
}

// holderEnv makes the test binary hold a file instead of testing.
const holderEnv = "BOLTSTORE_TEST_HOLD"

func TestLocked(t *testing.T) {
	if path := os.Getenv(holderEnv); path != "" {
		s, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("held\n")
		os.Stdin.Read(make([]byte, 1)) // until the other end is closed
		s.Close()
		return
	}
	path := filepath.Join(t.TempDir(), "jobs.db")
	holder := exec.Command(os.Args[0], "-test.run=^TestLocked$")
	holder.Env = append(os.Environ(), holderEnv+"="+path)
	stdin, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	defer holder.Wait()
	defer stdin.Close()
	if _, err := stdout.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for _, readOnly := range []bool{false, true} {
		_, err = Open(path, Options{LockTimeout: 100 * time.Millisecond, ReadOnly: readOnly})
		wantFileError(t, err, store.ErrLocked)
		if runtime.GOOS == "linux" && !strings.Contains(err.Error(), "boltstore.test") {
			t.Errorf("%v: it does not name who holds the file", err)
		}
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %v to say so", d)
	}
	stdin.Close()
	holder.Wait()
	openAt(t, path, Options{}) // and now it is free
}

// A clean close stores the list of free pages, a crash does not: this is how the next
// open tells them apart.
func TestCleanClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	s := openAt(t, path, Options{})
	mustEnqueue(t, s, newTestJobs(100)...)
	crashed := copyFile(t, path)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		clean      bool // before it is opened
	}{{"closed", path, true}, {"crashed", crashed, false}} {
		if isClean(t, c.path) != c.clean {
			t.Errorf("%s: clean is %v", c.name, !c.clean)
		}
		s := openAt(t, c.path, Options{})
		if c.clean && s.written {
			t.Errorf("%s: nothing was written yet", c.name)
		}
		if jobs := mustClaim(t, s, 1000); len(jobs) != 100 {
			t.Errorf("%s: %d jobs, want 100", c.name, len(jobs))
		}
		info, err := s.Info()
		if err != nil || info.Format != migrations.Latest || info.Path != c.path || info.Size == 0 {
			t.Errorf("%s: Info %+v, %v", c.name, info, err)
		}
	}
}

// isClean tells whether a list of free pages is stored.
func isClean(t *testing.T, path string) bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	report, err := pagecheck.ReadMeta(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return report.Clean
}

func copyFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(copied, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}
