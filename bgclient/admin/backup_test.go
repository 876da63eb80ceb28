package admin

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// beside lists what lies in the folder of the file, but for the file.
func (f *fixture) beside() (names []string) {
	f.t.Helper()
	err := filepath.WalkDir(filepath.Dir(f.path), func(path string, _ fs.DirEntry, err error) error {
		if path != f.path && path != filepath.Dir(f.path) {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return names
}

func TestBackup(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		c := f.listen().client(t)
		f.enqueue(500, queue.NewJob{Kind: "a", Args: store.Value("\xda\x20\x00" + strings.Repeat("x", 8192))})
		var copied bytes.Buffer
		n, err := c.Backup(t.Context(), &copied)
		if err != nil || n != int64(copied.Len()) || n < 500*8192 {
			t.Fatalf("%d bytes, %v", n, err)
		}
		path := filepath.Join(t.TempDir(), "copy.db")
		if err := os.WriteFile(path, copied.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := boltstore.Open(path, boltstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		rows, err := db.Count(t.Context())
		if err != nil || queue.Total(rows) != 500 {
			t.Errorf("%v %v", rows, err)
		}
		if report, err := db.Verify(t.Context()); err != nil || !report.OK() {
			t.Errorf("%v %v", report.Problems, err)
		}
		if left := f.beside(); len(left) > 0 {
			t.Errorf("%v lies about", left)
		}
	})
}

// TestBackupForSomebodySlow: while a copy is sent there is no other one, and it is gone when the client is.
func TestBackupForSomebodySlow(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		p := f.listen()
		f.enqueue(500, queue.NewJob{Kind: "a", Args: store.Value("\xda\x20\x00" + strings.Repeat("x", 8192))})
		ctx, leave := context.WithCancel(t.Context())
		slow := p.get(ctx, t, "/v1/backup")
		if name := slow.Header.Get("Content-Disposition"); name != `attachment; filename="queue-20000101T000000Z.db"` || slow.ContentLength < 500*8192 {
			t.Errorf("%q, %d bytes", name, slow.ContentLength)
		}
		if _, err := io.CopyN(io.Discard, slow.Body, 1<<20); err != nil {
			t.Fatal(err)
		}
		if left := f.beside(); runtime.GOOS != "windows" && len(left) > 0 {
			t.Errorf("%v can be seen", left)
		}
		_, err := p.client(t).Backup(t.Context(), io.Discard)
		problem(t, err, wire.CodeBusy)
		// The file itself is not held: all else goes on.
		f.ended(f.operate(wire.NewOperation{Action: wire.ActionCompact}).ID, wire.OperationDone)
		f.enqueue(1, queue.NewJob{Kind: "a"})
		leave()
		synctest.Wait()
		if _, err := p.client(t).Backup(t.Context(), io.Discard); err != nil {
			t.Error(err)
		}

		deaf := p.get(t.Context(), t, "/v1/backup")
		time.Sleep(2 * streamPatience)
		synctest.Wait()
		if _, err := io.Copy(io.Discard, deaf.Body); err == nil {
			t.Error("a client that did not read has got all of it")
		}
		if _, err := p.client(t).Backup(t.Context(), io.Discard); err != nil {
			t.Error(err)
		}
	})
}

// brokenFile cannot be copied.
type brokenFile struct {
	*boltstore.Store
	err error
}

func (b brokenFile) Backup(_ context.Context, path string) (boltstore.Backup, error) {
	return boltstore.Backup{}, &fs.PathError{Op: "write", Path: path, Err: b.err}
}

func TestBackupThatFails(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		for code, err := range map[wire.Code]error{wire.CodeNoSpace: syscall.ENOSPC, wire.CodeInternal: syscall.EIO} {
			f.s.cfg.File = brokenFile{f.db, err}
			_, err := f.c.Backup(t.Context(), io.Discard)
			problem(t, err, code)
		}
		f.s.cfg.File = slowFile{f.db}
		op := f.operate(wire.NewOperation{Action: wire.ActionVerify})
		_, err := f.c.Backup(t.Context(), io.Discard)
		problem(t, err, wire.CodeBusy)
		if _, err := f.c.StopOperation(t.Context(), op.ID); err != nil {
			t.Fatal(err)
		}
		f.s.cfg.File = f.db
		if n, err := f.c.Backup(t.Context(), io.Discard); n == 0 || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		if left := f.beside(); len(left) > 0 {
			t.Errorf("%v lies about", left)
		}
	})
}

// TestWhatACrashLeftOfABackup is removed, but not what may be in use.
func TestWhatACrashLeftOfABackup(t *testing.T) {
	f := serve(t, false)
	dir := filepath.Dir(f.path)
	var folders []string
	for _, name := range []string{".queue.db" + backupMark + "1", ".queue.db" + backupMark + "2", ".other.db" + backupMark + "3"} {
		folder := filepath.Join(dir, name)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "copy"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		folders = append(folders, folder)
	}
	old := time.Now().Add(-2 * backupAge)
	for _, folder := range []string{folders[0], folders[2]} {
		if err := os.Chtimes(folder, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.c.Backup(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	left := f.beside()
	left = slices.DeleteFunc(left, func(path string) bool { return filepath.Base(path) == "copy" })
	slices.Sort(left)
	want := []string{folders[2], folders[1]}
	if !slices.Equal(left, want) {
		t.Errorf("there are %v, not %v", left, want)
	}
}

func TestFileName(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for base, want := range map[string]string{
		"app.db": "app-20261122T120000Z.db", "queue": "queue-20261122T120000Z", ".db": "-20261122T120000Z.db", "a.b.c": "a.b-20261122T120000Z.c",
	} {
		if got := fileName(base, at); got != want {
			t.Errorf("%s: %s, not %s", base, got, want)
		}
	}
}
