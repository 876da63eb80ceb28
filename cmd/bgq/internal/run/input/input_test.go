package input

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

const limit = 1 << 20

func readAll(t interface{ Fatalf(string, ...any) }, s *Source) ([]string, error) {
	var all []string
	for {
		chunk, err := s.Next()
		all = append(all, chunk...)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		if len(chunk) == 0 || len(chunk) > chunkItems {
			t.Fatalf("a chunk of %d", len(chunk))
		}
	}
}

func TestStream(t *testing.T) {
	for _, c := range []struct {
		name string
		in   string
		sep  byte
		want []string
	}{
		{"nothing", "", '\n', nil},
		{"lines", "a\nb\n", '\n', []string{"a", "b"}},
		{"no line feed at the end", "a\nb", '\n', []string{"a", "b"}},
		{"empty lines", "\n\na\n\n", '\n', []string{"", "", "a", ""}},
		{"carriage returns stay", "a\r\nb\r\n", '\n', []string{"a\r", "b\r"}},
		{"blanks stay", " a\t\n  \n", '\n', []string{" a\t", "  "}},
		{"no UTF-8", "\xff\xfe\n\xc3\n", '\n', []string{"\xff\xfe", "\xc3"}},
		{"NUL separated", "a\nb\x00\x00c", 0, []string{"a\nb", "", "c"}},
		{"at the limit", strings.Repeat("x", limit) + "\n", '\n', []string{strings.Repeat("x", limit)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"whole":        strings.NewReader(c.in),
				"half":         iotest.HalfReader(strings.NewReader(c.in)),
				"data and end": iotest.DataErrReader(strings.NewReader(c.in)),
			} {
				got, err := readAll(t, Stream(r, "stdin", c.sep, limit))
				if err != nil || !slices.Equal(got, c.want) {
					t.Errorf("%s: got %.80q, %v", name, got, err)
				}
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, want string
		before     int
		source     *Source
	}{
		{"NUL in a line", "list.txt, line 2: it holds a NUL byte", 1, Stream(strings.NewReader("a\nb\x00c\nd\n"), "list.txt", '\n', limit)},
		{"line too long", "stdin, line 3: the input is longer than 1048576 bytes", 2, Stream(strings.NewReader("a\nb\n"+strings.Repeat("x", limit+1)), "stdin", '\n', limit)},
		{"endless line", "stdin, line 1: the input is longer", 0, Stream(endless{}, "stdin", '\n', limit)},
		{"argument too long", "input 2: the input is longer than 3 bytes", 1, List([]string{"abc", "abcd", "a"}, 3)},
		{"reading fails", "reading the inputs: timeout", 1, Stream(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("\nb"))), "stdin", '\n', limit)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(t, c.source)
			if err == nil || !strings.Contains(err.Error(), c.want) || len(got) != c.before {
				t.Errorf("after %d inputs: %v", len(got), err)
			}
			if _, again := c.source.Next(); !errors.Is(again, err) {
				t.Errorf("the second time: %v", again)
			}
		})
	}
}

// endless is one line without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestList(t *testing.T) {
	many := make([]string, 2*chunkItems+1)
	for i := range many {
		many[i] = strings.Repeat("x", i%7)
	}
	got, err := readAll(t, List(many, limit))
	if err != nil || !slices.Equal(got, many) {
		t.Errorf("got %d inputs, %v", len(got), err)
	}
	if got, err := readAll(t, List(nil, limit)); err != nil || got != nil {
		t.Errorf("an empty list: %q, %v", got, err)
	}
}

// TestDoesNotWait: an input that has arrived is handed out although more may come.
func TestDoesNotWait(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	s := Stream(r, "stdin", '\n', limit)
	go w.Write([]byte("a\nb\nhalf"))
	got, err := s.Next()
	if err != nil || !slices.Equal(got, []string{"a", "b"}) {
		t.Fatalf("got %q, %v", got, err)
	}
	go func() {
		w.Write([]byte(" c\n"))
		w.Close()
	}()
	if got, err = s.Next(); err != nil || !slices.Equal(got, []string{"half c"}) {
		t.Fatalf("got %q, %v", got, err)
	}
}

// TestBytesSurvive: what goes in comes out, whatever the pieces it is read in.
func TestBytesSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sep := rapid.SampledFrom([]byte{'\n', 0}).Draw(t, "sep")
		item := rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 300), func(b []byte) string {
			return string(bytes.Map(func(r rune) rune {
				if r == 0 || r == '\n' {
					return 'x'
				}
				return r
			}, b))
		})
		want := rapid.SliceOfN(item, 0, 50).Draw(t, "inputs")
		var in bytes.Buffer
		for _, w := range want {
			in.WriteString(w)
			in.WriteByte(sep)
		}
		got, err := readAll(t, Stream(iotest.HalfReader(&in), "stdin", sep, limit))
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q, %v", got, want, err)
		}
	})
}
