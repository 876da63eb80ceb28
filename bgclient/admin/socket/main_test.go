package socket

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newFile returns the name of a file in a folder of its own.
func newFile(t testing.TB) string {
	t.Helper()
	return touch(t, filepath.Join(t.TempDir(), "app.db"))
}

// touch makes an empty file, and the folders it is in.
func touch(t testing.TB, path string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// longFolder is a path that no socket address can hold.
func longFolder(t testing.TB) string {
	return filepath.Join(t.TempDir(), strings.Repeat("a", 120), strings.Repeat("b", 120))
}

func listen(t testing.TB, db string) *Listener {
	t.Helper()
	l, err := Listen(db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func symlink(t testing.TB, target, link string) {
	t.Helper()
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err) // Windows needs a right for it
	}
}

// greet accepts one connection and writes a word to it.
func greet(t testing.TB, l *Listener, word string) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, word); err != nil {
			t.Error(err)
		}
	}()
	return done
}

// wantGreeting dials db, and the answer must come from l.
func wantGreeting(t testing.TB, l *Listener, db string) {
	t.Helper()
	conn, err := Dial(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	done := greet(t, l, l.path)
	if got := readAll(t, conn); got != l.path {
		t.Errorf("%q answers, want %q", got, l.path)
	}
	<-done
}

func readAll(t testing.TB, conn net.Conn) string {
	t.Helper()
	b, err := io.ReadAll(conn)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// wantFiles compares what is in a folder.
func wantFiles(t testing.TB, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the folder has %q, want %q", got, want)
	}
}
