package socket

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestListen(t *testing.T) {
	db := newFile(t)
	l := listen(t, db)
	if got := l.Addr().String(); got != Path(db) {
		t.Errorf("the address is %q, want %q", got, Path(db))
	}
	wantGreeting(t, l, db)
	wantFiles(t, filepath.Dir(db), "app.db", "app.db.sock")
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	wantFiles(t, filepath.Dir(db), "app.db")
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept says %v after Close", err)
	}
}

// A process that is killed leaves its socket behind: nobody listens, and the next one replaces it.
func TestUncleanEnd(t *testing.T) {
	db := newFile(t)
	if err := listen(t, db).in.Close(); err != nil { // what the kernel does for the dead
		t.Fatal(err)
	}
	if _, err := Dial(t.Context(), db); !errors.Is(err, ErrStale) || errors.Is(err, ErrNone) {
		t.Errorf("got %v", err)
	}
	l := listen(t, db)
	wantGreeting(t, l, db)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	wantFiles(t, filepath.Dir(db), "app.db")
}

// The first holder of the lock closes its socket only when the second has made its own.
func TestLateClose(t *testing.T) {
	db := newFile(t)
	first := listen(t, db)
	second := listen(t, db)
	wantGreeting(t, second, db)
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	wantGreeting(t, second, db)
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	wantFiles(t, filepath.Dir(db), "app.db")
}

// Somebody has removed the socket: that is no reason to complain at the end.
func TestCloseWithoutSocket(t *testing.T) {
	db := newFile(t)
	l := listen(t, db)
	if err := os.Remove(Path(db)); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// What is no socket is left alone, and both sides say so.
func TestPlaceIsTaken(t *testing.T) {
	db := newFile(t)
	for what, make := range map[string]func(string) error{
		"file":   func(path string) error { return os.WriteFile(path, []byte("mine"), 0o600) },
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":   func(path string) error { return os.Symlink(db, path) },
	} {
		t.Run(what, func(t *testing.T) {
			if err := make(Path(db)); err != nil {
				t.Skip(err)
			}
			before, err := os.Lstat(Path(db))
			if err != nil {
				t.Fatal(err)
			}
			_, err = Listen(db)
			if !errors.Is(err, errNoSocket) || !strings.HasPrefix(err.Error(), Path(db)+": ") {
				t.Errorf("Listen says %v", err)
			}
			_, err = Dial(t.Context(), db)
			if !errors.Is(err, ErrNone) || !errors.Is(err, errNoSocket) {
				t.Errorf("Dial says %v", err)
			}
			after, err := os.Lstat(Path(db))
			if err != nil || after.Mode() != before.Mode() || !os.SameFile(before, after) {
				t.Errorf("it has become %v, %v", after, err)
			}
			if err := os.Remove(Path(db)); err != nil {
				t.Fatal(err)
			}
			wantFiles(t, filepath.Dir(db), "app.db")
		})
	}
}

func TestListenWithoutFolder(t *testing.T) {
	_, err := Listen(filepath.Join(t.TempDir(), "no", "app.db"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasSuffix(err.Error(), ": create its folder first") {
		t.Errorf("got %v", err)
	}
}
