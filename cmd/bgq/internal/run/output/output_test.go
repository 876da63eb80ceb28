package output

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// numbered returns n bytes in which every place can be told from every other.
func numbered(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d\n", i)
	}
	return b.Bytes()[:n]
}

func capture(t *testing.T, file *os.File, data []byte) *Capture {
	t.Helper()
	c := NewCapture(file)
	for len(data) > 0 { // in pieces of odd sizes, as from a pipe
		n := min(len(data), 7919)
		if _, err := c.Write(data[:n]); err != nil {
			t.Fatal(err)
		}
		data = data[n:]
	}
	return c
}

func TestCapture(t *testing.T) {
	for _, size := range []int{0, 1, Keep - 1, Keep, Keep + 1, 3*Keep + 5} {
		for _, file := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d bytes, file %v", size, file), func(t *testing.T) {
				var f *os.File
				path := filepath.Join(t.TempDir(), "stdout")
				if file {
					var err error
					if f, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666); err != nil {
						t.Fatal(err)
					}
				}
				data := numbered(size)
				c := capture(t, f, data)
				if c.Size() != int64(size) {
					t.Errorf("Size is %d", c.Size())
				}
				var whole bytes.Buffer
				if n, err := c.WriteTo(&whole); err != nil || n != int64(size) || !bytes.Equal(whole.Bytes(), data) {
					t.Errorf("WriteTo gave %d other bytes, %v", n, err)
				}
				for _, limit := range []int{Keep, 1 << 10} {
					checkKept(t, c, data, limit)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
				if file {
					if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
						t.Errorf("the file has %d other bytes, %v", len(got), err)
					}
				}
			})
		}
	}
}

func checkKept(t *testing.T, c *Capture, data []byte, limit int) {
	t.Helper()
	kept, cut, err := c.Kept(limit)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) <= limit {
		if cut != 0 || !bytes.Equal(kept, data) {
			t.Errorf("limit %d: kept other bytes, cut %d", limit, cut)
		}
		return
	}
	marker := fmt.Sprintf("\n… %d bytes left out …\n", cut)
	head, tail, ok := bytes.Cut(kept, []byte(marker))
	if !ok || len(head) != limit/2 || len(tail) != limit/2 || cut != int64(len(data)-limit) ||
		!bytes.HasPrefix(data, head) || !bytes.HasSuffix(data, tail) {
		t.Errorf("limit %d: head %d, tail %d, cut %d", limit, len(head), len(tail), cut)
	}
}

func TestLastLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                  "",
		"\n \n":             "",
		"one":               "one",
		"one\ntwo\n":        "two",
		"one\n  two \r\n\n": "two",
	} {
		if got := capture(t, nil, []byte(in)).LastLine(); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestCaptureSaysWhatItCannotKeep: an output that cannot be written whole is an error for good.
func TestCaptureSaysWhatItCannotKeep(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	c := NewCapture(f)
	if _, err := c.Write([]byte("x")); !errors.Is(err, os.ErrClosed) || c.Err() != err {
		t.Errorf("Write: %v, Err: %v", err, c.Err())
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the second time: %v", err)
	}
}

func TestPrinterPrintsAsTheyEnd(t *testing.T) {
	var out, errs bytes.Buffer
	p := NewPrinter(&out, &errs, false)
	for _, k := range []int64{2, 0, 1} {
		p.Expect(k)
		if err := p.Print(k, capture(t, nil, fmt.Appendf(nil, "o%d", k)), capture(t, nil, fmt.Appendf(nil, "e%d", k))); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if out.String() != "o2o0o1" || errs.String() != "e2e0e1" {
		t.Errorf("%q %q", out.String(), errs.String())
	}
}

// TestPrinterKeepsOrder: in whatever order commands end, also if some never do, what is
// printed is in the order they were announced, as early as that allows.
func TestPrinterKeepsOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(rt, "n")
		order := rapid.Permutation(sequence(n)).Draw(rt, "order")
		ends := rapid.Permutation(order).Draw(rt, "ends")
		ends = ends[:rapid.IntRange(0, n).Draw(rt, "ended")]
		var out, errs bytes.Buffer
		p := NewPrinter(&out, &errs, true)
		for _, k := range order {
			p.Expect(k)
		}
		ended := map[int64]bool{}
		for _, k := range ends {
			ended[k] = true
			stdout := capture(t, nil, fmt.Appendf(nil, "[%d]", k))
			stderr := capture(t, nil, fmt.Appendf(nil, "(%d)", k))
			if k%5 == 0 {
				stdout, stderr = nil, nil
			}
			if err := p.Print(k, stdout, stderr); err != nil {
				rt.Fatal(err)
			}
			stdout.closeIfAny()
			stderr.closeIfAny()
			// What could be printed is: the announced ones up to the first that has not ended.
			if want := expected(order, ended, false); out.String() != want {
				rt.Fatalf("after %d: %q, want %q", k, out.String(), want)
			}
		}
		if err := p.Close(); err != nil {
			rt.Fatal(err)
		}
		if want := expected(order, ended, true); out.String() != want || errs.String() != strings.NewReplacer("[", "(", "]", ")").Replace(want) {
			rt.Fatalf("in the end: %q, %q, want %q", out.String(), errs.String(), want)
		}
	})
}

func (c *Capture) closeIfAny() {
	if c != nil {
		c.Close()
	}
}

func sequence(n int) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(i)
	}
	return out
}

func expected(order []int64, ended map[int64]bool, all bool) string {
	var b strings.Builder
	for _, k := range order {
		switch {
		case !ended[k] && !all:
			return b.String()
		case ended[k] && k%5 != 0:
			fmt.Fprintf(&b, "[%d]", k)
		}
	}
	return b.String()
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestPrinterReportsABrokenPipe(t *testing.T) {
	p := NewPrinter(broken{}, io.Discard, false)
	if err := p.Print(0, capture(t, nil, []byte("x")), nil); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}
