package boltstore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/migrations"
	"github.com/bgq-dev/bgq/store"
)

// atRest makes a furnished file that nobody has open, as a clean close leaves it or as a crash.
func atRest(t testing.TB, clean bool) string {
	t.Helper()
	b, _ := image(t, clean)
	path := filepath.Join(t.TempDir(), "jobs.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func dumpAt(t testing.TB, path string) map[string]string {
	t.Helper()
	s := openAt(t, path, Options{})
	defer s.Close()
	return dump(t, s)
}

func TestCopy(t *testing.T) {
	for _, clean := range []bool{false, true} {
		from, to := atRest(t, clean), backupPath(t)
		before, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		var last, total int64
		b, err := Copy(t.Context(), from, to, func(done, of int64) { last, total = done, of })
		if err != nil {
			t.Fatal(err)
		}
		if b.Size != fileSize(t, to) || b.Jobs != 15 || last == 0 || last != total {
			t.Errorf("%+v; the last progress was %d of %d", b, last, total)
		}
		if after, err := os.ReadFile(from); err != nil || string(after) != string(before) {
			t.Errorf("the file was changed (%v)", err)
		}
		alone(t, to)
		alone(t, from)
		wellClosed(t, to)
		sameDump(t, dumpAt(t, to), dumpAt(t, from))
	}
}

// A store that is open for reading is copied in the same way.
func TestBackupOfAStoreForReading(t *testing.T) {
	from, to := atRest(t, true), backupPath(t)
	s := openAt(t, from, Options{ReadOnly: true})
	b := mustBackup(t, s, to)
	want := dump(t, s)
	if b.Jobs != 15 {
		t.Errorf("%+v", b)
	}
	s.Close()
	sameDump(t, dumpAt(t, to), want)
}

// Files of older formats are copied as they are.
func TestCopyFrozenFormats(t *testing.T) {
	files, err := filepath.Glob("testdata/v*.db.gz")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		from, to := unzip(t, file), backupPath(t)
		if _, err := Copy(t.Context(), from, to, nil); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		was, err := Format(from, Options{})
		is, copyErr := Format(to, Options{})
		if err != nil || copyErr != nil || was != is || was < 1 || was > migrations.Latest {
			t.Errorf("%s: format %d, that of the copy %d, %v, %v", file, was, is, err, copyErr)
		}
	}
}

// A program that starts while the file is copied does not have to wait. If it stores something
// the copy is begun anew, and in the end given up.
func TestCopyKeepsNobodyFromStarting(t *testing.T) {
	from := atRest(t, true)
	start := func(work func(*Store)) {
		t.Helper()
		s, err := Open(from, Options{LockTimeout: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		work(s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	var j store.Job
	enqueue := func(s *Store) {
		j = newTestJob()
		mustEnqueue(t, s, j)
	}
	times := 0
	to := backupPath(t)
	_, err := Copy(t.Context(), from, to, func(done, total int64) {
		if times++; times == 1 {
			start(enqueue)
		}
	})
	if err != nil || times < 2 {
		t.Fatalf("after %d tries: %v", times, err)
	}
	if got, err := openAt(t, to, Options{}).Get(t.Context(), []store.ID{j.ID}, store.HeadOnly); err != nil || len(got) != 1 {
		t.Errorf("the new job: %v, %v", got, err)
	}

	to = backupPath(t)
	_, err = Copy(t.Context(), from, to, func(done, total int64) { start(enqueue) })
	wantFileError(t, err, store.ErrLocked)
	nothingIn(t, to)

	// It has begun, and stored nothing yet.
	var held *Store
	_, err = Copy(t.Context(), from, to, func(done, total int64) {
		if held == nil {
			held = openAt(t, from, Options{})
		}
	})
	if err != nil {
		t.Error(err)
	}
	_, err = Copy(t.Context(), from, backupPath(t), nil)
	if canReplace { // where files are locked
		wantFileError(t, err, store.ErrLocked)
	}
}

func TestCopyRefuses(t *testing.T) {
	from, to := atRest(t, true), backupPath(t)
	sound, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "other.db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	hole := append([]byte(nil), sound...)
	clear(hole[3*4096 : len(hole)-4096])
	for _, c := range []struct {
		what, from string
		err        error
	}{
		{"no file", to, fs.ErrNotExist},
		{"a folder", t.TempDir(), store.ErrForeign},
		{"an empty file", write(nil), store.ErrCorrupt},
		{"a text", write(make([]byte, 20_000)), store.ErrForeign},
		{"cut short", write(sound[:len(sound)-8192]), store.ErrCorrupt},
		{"a hole", write(hole), store.ErrCorrupt},
	} {
		_, err := Copy(t.Context(), c.from, to, nil)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.what, err, c.err)
		}
		wantFileError(t, err, c.err)
		nothingIn(t, to)
	}
	_, err = Copy(t.Context(), from, from, nil)
	wantFileError(t, err, fs.ErrExist)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = Copy(ctx, from, to, func(done, total int64) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	nothingIn(t, to)
}
