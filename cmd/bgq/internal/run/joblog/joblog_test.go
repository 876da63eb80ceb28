package joblog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var entry = Entry{
	Seq: 12, Started: time.Unix(1700000000, 42e6), Runtime: 1234567 * time.Microsecond,
	Receive: 5, Exit: -1, Signal: 9, Command: "printf a\\ '\n'b",
}

const line = "12\t:\t1700000000.042\t     1.235\t0\t5\t-1\t9\tprintf a\\ '\x00'b\n"

func write(t *testing.T, path string, anew bool, entries ...Entry) {
	t.Helper()
	l, err := Open(path, anew)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := l.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLog(t *testing.T) {
	long := line + strings.Repeat("x", 200<<10)
	for _, c := range []struct {
		name, before, want string
		anew               bool
	}{
		{name: "new", want: header + line},
		{name: "appended", before: header + line, want: header + line + line},
		{name: "begun anew", before: header + line, anew: true, want: header + line},
		{name: "torn line", before: header + line + "13\t:\t17", want: header + line + line},
		{name: "long torn line", before: header + long, want: header + line + line},
		{name: "torn header", before: header[:20], want: header + line},
		{name: "header only", before: header, want: header + line},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "joblog")
			if c.before != "" {
				if err := os.WriteFile(path, []byte(c.before), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			write(t, path, c.anew, entry)
			got, err := os.ReadFile(path)
			if err != nil || string(got) != c.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestHas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "joblog")
	long := entry
	long.Seq, long.Command = 7, strings.Repeat("8\t", 100<<10)
	write(t, path, false, entry, long)
	l, err := Open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for seq, want := range map[int64]bool{0: false, 7: true, 8: false, 9: false, 12: true} {
		if l.Has(seq) != want {
			t.Errorf("Has(%d) is %v", seq, !want)
		}
	}
	if err := l.Append(Entry{Seq: 9}); err != nil || !l.Has(9) {
		t.Errorf("a new line is not known, %v", err)
	}
}

func TestRefusesWhatIsNoJoblog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("my notes\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, anew := range []bool{false, true} {
		if l, err := Open(path, anew); err == nil {
			l.Close()
			t.Errorf("opened it, anew %v", anew)
		}
	}
	if got, _ := os.ReadFile(path); string(got) != "my notes\n" {
		t.Errorf("the file is now %q", got)
	}
	if _, err := Open(t.TempDir(), false); err == nil {
		t.Error("opened a directory")
	}
}
