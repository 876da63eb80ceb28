package boltstore

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// backupPath is a place for a backup, in a folder of its own.
func backupPath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "backup.db")
}

func mustBackup(t testing.TB, s *Store, path string) Backup {
	t.Helper()
	b, err := s.Backup(context.Background(), path)
	if err != nil {
		t.Fatalf("Backup: %v", err)
	}
	return b
}

// nothingIn fails the test unless the folder of a path is empty.
func nothingIn(t testing.TB, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 0 {
		t.Errorf("the folder holds %v, %v, want nothing", entries, err)
	}
}

// wellClosed fails the test unless a file is as a clean close leaves it.
func wellClosed(t testing.TB, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if report, err := checkPages(f, fileSize(t, path)); err != nil || !report.Clean {
		t.Errorf("%s: %+v, %v", path, report, err)
	}
}

func TestBackup(t *testing.T) {
	s := open(t, Options{})
	jobs := furnish(t, s)
	err := s.Update(t.Context(), func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("app"))
		if err != nil {
			return err
		}
		return errors.Join(b.SetSequence(7), b.Put([]byte("key"), []byte("value")))
	})
	if err != nil {
		t.Fatal(err)
	}
	saveStats(t, s)
	want, path := dump(t, s), backupPath(t)
	b := mustBackup(t, s, path)
	if b.Size != fileSize(t, path) || b.Jobs != int64(len(jobs)) || b.Pause <= 0 || b.Took < b.Pause {
		t.Errorf("%+v, the file has %d bytes, and there are %d jobs", b, fileSize(t, path), len(jobs))
	}
	alone(t, path)
	alone(t, s.abs)
	wellClosed(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 && canReplace {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	mustEnqueue(t, s, newTestJob()) // is in the file, and not in the backup
	if s.changes != nil {
		t.Error("changes are logged yet")
	}
	copied := openAt(t, path, Options{})
	sameDump(t, dump(t, copied), want)
	audit(t, copied)
}

// What is in the way is left alone.
func TestBackupDoesNotOverwrite(t *testing.T) {
	s := open(t, Options{})
	path := backupPath(t)
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := s.Backup(t.Context(), path)
	wantFileError(t, err, fs.ErrExist)
	if b, err := os.ReadFile(path); err != nil || string(b) != "mine" {
		t.Errorf("%q, %v", b, err)
	}
	alone(t, path)
	_, err = s.Backup(t.Context(), s.abs)
	wantFileError(t, err, fs.ErrExist)

	// Somebody else makes a file of that name meanwhile.
	b, err := s.newBackup(t.Context(), filepath.Join(filepath.Dir(path), "second.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, b.draft.path); err != nil {
		t.Fatal(err)
	}
	wantFileError(t, b.run(), fs.ErrExist)
	b.discard()
	alone(t, path)
	mustEnqueue(t, s, newTestJob())
}

func TestBackupRefuses(t *testing.T) {
	s := open(t, Options{})
	_, err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "no", "folder.db"))
	wantFileError(t, err, fs.ErrNotExist)

	path := backupPath(t)
	d, err := newDraft(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Backup(t.Context(), path) // somebody makes it just now
	if canReplace {
		wantFileError(t, err, errHeld)
	}
	d.discard(d.file.Close)

	// What a killed one has left behind is no hindrance.
	if err := os.WriteFile(d.temp, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustBackup(t, s, path)
	alone(t, path)

	// One at a time, and none beside a compaction.
	s.compacting.Lock()
	_, backupErr := s.Backup(t.Context(), backupPath(t))
	_, compactErr := s.Compact(t.Context())
	s.compacting.Unlock()
	if busy := s.busyCopying().Error(); backupErr == nil || backupErr.Error() != busy || compactErr == nil || compactErr.Error() != busy {
		t.Errorf("%v; %v", backupErr, compactErr)
	}
	if _, known := freeSpace(s.abs); known {
		s.Close()
		s = openAt(t, s.abs, Options{MinFree: 1 << 60})
		path := filepath.Join(filepath.Dir(s.abs), "backup.db")
		_, err = s.Backup(t.Context(), path)
		wantFileError(t, err, store.ErrNoSpace)
		alone(t, path)
	}
	s.Close()
	_, err = s.Backup(t.Context(), backupPath(t))
	wantClosed(t, err)
}

// Whatever is changed between any two chunks, the copy says what the file says when the two
// part, and nothing of what comes later.
func TestBackupFollowsChanges(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for run := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, run))
		s := open(t, Options{})
		furnish(t, s)
		chaos(t, s, r, 60)
		path := backupPath(t)
		b, err := s.newBackup(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		b.step, b.maxLog = 3, 4<<10
		b.between = func() { chaos(t, s, r, r.IntN(20)/19) }
		if err := b.follow(); err != nil {
			t.Fatal(err)
		}
		b.between = nil
		chaos(t, s, r, 20)
		if err := b.part(); err != nil {
			t.Fatal(err)
		}
		want := dump(t, s)
		chaos(t, s, r, 20)
		if err := errors.Join(b.complete(), b.draft.publish(b.db.Close)); err != nil {
			t.Fatal(err)
		}
		copied := openAt(t, path, Options{})
		sameDump(t, dump(t, copied), want)
		audit(t, copied)
	}
}

// When its context ends, or the store is closed, nothing is left behind.
func TestBackupIsCancelled(t *testing.T) {
	s := open(t, Options{})
	furnish(t, s)
	path := backupPath(t)
	for _, at := range []int{0, 1, 20, 40, 60} {
		ctx, cancel := context.WithCancel(t.Context())
		b, err := s.newBackup(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		b.step = 3
		b.between = func() {
			if n++; n > at {
				cancel()
			}
		}
		if err := b.run(); !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled at %d of %d chunks: %v", at, n, err)
		}
		b.discard()
		nothingIn(t, path)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Backup(ctx, path); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
	nothingIn(t, path)
	mustEnqueue(t, s, newTestJob())

	s.compacting.Lock()
	b, err := s.newBackup(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	closing := make(chan error, 1)
	b.between = func() {
		b.between = nil
		go func() { closing <- s.Close() }()
		<-s.committer.done // by now it is known to be closed
	}
	wantClosed(t, b.run())
	b.discard()
	s.compacting.Unlock()
	if err := <-closing; err != nil {
		t.Errorf("Close: %v", err)
	}
	nothingIn(t, path)
}
