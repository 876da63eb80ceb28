package socket

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// However the file is named, its socket is the same.
func TestPath(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	db := touch(t, filepath.Join(dir, "data", "app.db"))
	symlink(t, filepath.Join(dir, "data"), filepath.Join(dir, "folder"))
	symlink(t, filepath.Join("data", "app.db"), filepath.Join(dir, "file"))
	symlink(t, "file", filepath.Join(dir, "twice"))
	t.Chdir(filepath.Join(dir, "data"))

	want := db + ".sock"
	for _, name := range []string{
		db, "app.db", "./app.db", "../data/app.db", "../folder/app.db", "../file", "../twice",
		filepath.Join(dir, "folder", "app.db"), filepath.Join(dir, "file"),
	} {
		if got := Path(name); got != want {
			t.Errorf("Path(%q) = %q, want %q", name, got, want)
		}
	}

	// It is not needed that the file exists, nor its folder.
	if got, want := Path("../folder/new.db"), filepath.Join(dir, "data", "new.db.sock"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Path("no/new.db"), filepath.Join(dir, "data", "no", "new.db.sock"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNames(t *testing.T) {
	if got := nameFor(strings.Repeat("x", 59)); got != strings.Repeat("x", 59)+".sock" {
		t.Errorf("got %q", got)
	}
	seen := map[string]bool{}
	for _, base := range []string{
		strings.Repeat("x", 60), strings.Repeat("x", 255), strings.Repeat("x", 254) + "y",
		strings.Repeat("ü", 100), "a" + strings.Repeat("ü", 100), strings.Repeat("€", 80),
	} {
		name := nameFor(base)
		if len(name) > maxName || !utf8.ValidString(name) || seen[name] || !strings.HasSuffix(name, ".sock") {
			t.Errorf("%q has the socket %q", base, name)
		}
		if !strings.HasPrefix(base, name[:20]) {
			t.Errorf("%q cannot be recognised in %q", base, name)
		}
		seen[name] = true
	}
	if got := nameFor(strings.Repeat("x", 60)); got != strings.Repeat("x", 32)+"~42f2d97335669f86.sock" {
		t.Errorf("the name is now %q: programs of before and after the change cannot find each other", got)
	}
}

// A file that no path leads to has a name nevertheless, to be named in an error.
func TestPathOfNothing(t *testing.T) {
	dir := t.TempDir()
	symlink(t, "loop", filepath.Join(dir, "loop"))
	if got := Path(filepath.Join(dir, "loop")); filepath.Base(got) != "loop.sock" {
		t.Errorf("got %q", got)
	}
	if _, err := os.Lstat(Path(dir)); err == nil {
		t.Error("asking for a path must make nothing")
	}
}
