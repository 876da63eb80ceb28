//go:build unix

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

// The way of systems that cannot name an open folder, which leaves nothing behind.
func TestThroughLink(t *testing.T) {
	dir := filepath.Dir(touch(t, filepath.Join(longFolder(t), "app.db")))
	temp, err := os.MkdirTemp("/tmp", "short")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(temp)
	name := nameFor(strings.Repeat("n", 200))
	for folder, want := range map[string]string{temp: temp, dir: "/tmp"} {
		t.Run(want, func(t *testing.T) {
			t.Setenv("TMPDIR", folder)
			var used string
			var in *net.UnixListener
			err := throughLink(dir, name, func(path string) (err error) {
				used = path
				in, err = net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			in.SetUnlinkOnClose(false)
			defer os.Remove(filepath.Join(dir, name))
			defer in.Close()
			private := filepath.Dir(filepath.Dir(used))
			if len(used) > maxAddress || filepath.Dir(private) != want {
				t.Errorf("it was reached by %q", used)
			}
			if _, err := os.Lstat(private); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is left: %v", used, err)
			}
			err = throughLink(dir, name, func(path string) error {
				conn, err := net.Dial("unix", path)
				if err == nil {
					conn.Close()
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wantFiles(t, temp)
	wantFiles(t, dir, "app.db")
}

func TestThroughLinkWithoutTemp(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "no"))
	err := throughLink("/", "x", func(string) error { t.Error("called"); return nil })
	if !errors.Is(err, errTooLong) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
