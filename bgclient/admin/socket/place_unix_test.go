//go:build unix

package socket

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Whatever the umask, nobody else can connect at any moment: before the socket has its
// mode, it is in a folder which they cannot enter.
func TestNobodyElse(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	db := newFile(t)
	private := privateFolder(locate(db))
	in, _, err := prepare(private)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if info, err := os.Lstat(private); err != nil || info.Mode() != os.ModeDir|0o700 {
		t.Errorf("the folder is %v, %v", info.Mode(), err)
	}
	wantFiles(t, private, unplaced)
	wantFiles(t, filepath.Dir(db), filepath.Base(private), "app.db")

	listen(t, db)
	if info, err := os.Lstat(Path(db)); err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("the socket is %v, %v", info.Mode(), err)
	}
	// This also was a crash in the middle of Listen: what it left is gone.
	wantFiles(t, filepath.Dir(db), "app.db", "app.db.sock")
}

// The umask may take away everything but what is needed.
func TestTightUmask(t *testing.T) {
	db := newFile(t)
	defer syscall.Umask(syscall.Umask(0o177))
	listen(t, db)
	if info, err := os.Lstat(Path(db)); err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("the socket is %v, %v", info.Mode(), err)
	}
}

// A folder of that name with something else in it is not ours to remove.
func TestForeignPrivateFolder(t *testing.T) {
	db := newFile(t)
	theirs := touch(t, filepath.Join(privateFolder(locate(db)), "data"))
	_, err := Listen(db)
	if err == nil || !strings.Contains(err.Error(), filepath.Dir(theirs)) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(theirs); err != nil {
		t.Error(err)
	}
}

// Nothing is left where a socket cannot come to its place.
func TestPlaceFails(t *testing.T) {
	dir := t.TempDir()
	touch(t, filepath.Join(dir, "app.db.sock", "file"))
	_, _, err := place(dir, "app.db.sock")
	if !errors.Is(err, syscall.EEXIST) && !errors.Is(err, syscall.EISDIR) {
		t.Errorf("got %v", err)
	}
	wantFiles(t, dir, "app.db.sock")
}

// Neither a long path of the folder nor a long name of the file is in the way.
func TestLongPath(t *testing.T) {
	for what, db := range map[string]string{
		"folder": filepath.Join(longFolder(t), "app.db"),
		"name":   filepath.Join(t.TempDir(), strings.Repeat("n", 255)),
		"both":   filepath.Join(longFolder(t), strings.Repeat("ü", 120)),
	} {
		t.Run(what, func(t *testing.T) {
			touch(t, db)
			if len(Path(db)) <= maxAddress && what != "name" {
				t.Fatal("the path is not long")
			}
			if _, err := Dial(t.Context(), db); !errors.Is(err, ErrNone) {
				t.Errorf("got %v", err)
			}
			l := listen(t, db)
			wantGreeting(t, l, db)
			wantFiles(t, filepath.Dir(db), both(filepath.Base(db), filepath.Base(Path(db)))...)
			second := listen(t, db)
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			wantGreeting(t, second, db)
			if err := second.in.Close(); err != nil {
				t.Error(err)
			}
			if _, err := Dial(t.Context(), db); !errors.Is(err, ErrStale) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// both returns two names in the order of a folder's listing.
func both(a, b string) []string { return []string{min(a, b), max(a, b)} }

// The longest path that an address can hold, and the next.
func TestLimit(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{maxAddress, maxAddress + 1} {
		fill := size - len(filepath.Join(dir, "d", "app.db.sock"))
		if fill < 0 {
			t.Skip("the temporary folder has a long path")
		}
		db := touch(t, filepath.Join(dir, "d"+strings.Repeat("x", fill), "app.db"))
		if len(Path(db)) != size {
			t.Fatalf("the path has %d bytes, want %d", len(Path(db)), size)
		}
		wantGreeting(t, listen(t, db), db)
	}
}

// App and command know a folder by paths of which only one is long.
func TestLongAndShort(t *testing.T) {
	dir := longFolder(t)
	db := touch(t, filepath.Join(dir, "app.db"))
	short := filepath.Join(t.TempDir(), "short")
	symlink(t, dir, short)
	wantGreeting(t, listen(t, filepath.Join(short, "app.db")), db)
	wantGreeting(t, listen(t, db), filepath.Join(short, "app.db"))
	t.Chdir(dir)
	wantGreeting(t, listen(t, db), "app.db")
}
