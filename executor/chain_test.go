package executor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

var errMissing = errors.New("the picture is missing")

func init() {
	if err := RegisterError("test.missing", errMissing); err != nil {
		panic(err)
	}
}

// pictureError is a custom type that wraps.
type pictureError struct {
	Name string
	Err  error
}

func (e *pictureError) Error() string { return e.Name + ": " + e.Err.Error() }
func (e *pictureError) Unwrap() error { return e.Err }

// recordedError has its causes from elsewhere, and a live one that must not be used beside them.
type recordedError struct{ causes []store.Cause }

func (e *recordedError) Error() string         { return "from another process" }
func (e *recordedError) Unwrap() error         { return io.EOF }
func (e *recordedError) Causes() []store.Cause { return e.causes }

// brokenError panics in the methods that are named.
type brokenError struct{ text, wrap bool }

func (e brokenError) Error() string {
	if e.text {
		panic("no text")
	}
	return "broken"
}

func (e brokenError) Unwrap() error {
	if e.wrap {
		panic("no wrap")
	}
	return io.EOF
}

// forgetful panics when it is asked for its causes.
type forgetful struct{ brokenError }

func (forgetful) Causes() []store.Cause { panic("no causes") }

// ring wraps itself.
type ring struct{ next error }

func (r *ring) Error() string { return "ring" }
func (r *ring) Unwrap() error { return r.next }

// crowd wraps many, and cannot be compared.
type crowd []error

func (c crowd) Error() string   { return fmt.Sprintf("%d errors", len(c)) }
func (c crowd) Unwrap() []error { return c }

// stairs wraps a new error at every call, without end.
type stairs int

func (s stairs) Error() string { return fmt.Sprint("step ", int(s)) }
func (s stairs) Unwrap() error { return s + 1 }

func TestDescribe(t *testing.T) {
	var nilPicture *pictureError
	self := &ring{}
	self.next = fmt.Errorf("around: %w", self)
	old := []store.Cause{{Message: "boom", Type: "*main.Boom"}, {Message: "gone", Type: "*errors.errorString", Code: "app.gone"}}

	for _, tt := range []struct {
		name string
		err  error
		want []string // type, message, code
	}{
		{"nil", nil, nil},
		{"one", io.EOF, []string{"*errors.errorString|EOF|"}},
		{"registered", errMissing, []string{"*errors.errorString|the picture is missing|test.missing"}},
		{"standard", context.DeadlineExceeded, []string{"context.deadlineExceededError|context deadline exceeded|context.DeadlineExceeded"}},
		{"depth first",
			errors.Join(&pictureError{"cat.jpg", fmt.Errorf("open: %w", errMissing)}, io.EOF),
			[]string{
				"*errors.joinError|cat.jpg: open: the picture is missing\nEOF|",
				"*executor.pictureError|cat.jpg: open: the picture is missing|",
				"*fmt.wrapError|open: the picture is missing|",
				"*errors.errorString|the picture is missing|test.missing",
				"*errors.errorString|EOF|",
			}},
		{"a directive says nothing", fmt.Errorf("a: %w", Permanent(RetryAfter(io.EOF, 1))),
			[]string{"*fmt.wrapError|a: EOF|", "*errors.errorString|EOF|"}},
		{"recorded causes instead of live ones", fmt.Errorf("outer: %w", &recordedError{old}),
			[]string{"*fmt.wrapError|outer: from another process|", "*executor.recordedError|from another process|", "*main.Boom|boom|", "*errors.errorString|gone|app.gone"}},
		{"typed nil", nilPicture, []string{"*executor.pictureError|(no message: the Error method of *executor.pictureError panicked)|"}},
		{"Error panics", brokenError{text: true},
			[]string{"executor.brokenError|(no message: the Error method of executor.brokenError panicked)|", "*errors.errorString|EOF|"}},
		{"Unwrap panics", brokenError{wrap: true}, []string{"executor.brokenError|broken|"}},
		{"Causes panics", forgetful{}, []string{"executor.forgetful|broken|"}},
		{"nil inside", crowd{nil, io.EOF, nil}, []string{"executor.crowd|3 errors|", "*errors.errorString|EOF|"}},
		{"cycle", self, []string{"*executor.ring|ring|", "*fmt.wrapError|around: ring|"}},
		{"the same error twice, side by side", crowd{io.EOF, io.EOF},
			[]string{"executor.crowd|2 errors|", "*errors.errorString|EOF|", "*errors.errorString|EOF|"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "cycle" {
				// fmt.Errorf took its text before the ring was closed.
				tt.want[1] = "*fmt.wrapError|" + self.next.Error() + "|"
			}
			var got []string
			for _, c := range describe(tt.err) {
				got = append(got, c.Type+"|"+c.Message+"|"+c.Code)
			}
			if g, w := strings.Join(got, "\n"), strings.Join(tt.want, "\n"); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

func TestDescribeIsBounded(t *testing.T) {
	wide := make(crowd, 1000)
	for i := range wide {
		wide[i] = fmt.Errorf("number %d", i)
	}
	// Each knot holds the one below twice: without a bound 2^40 causes.
	var knot error = io.EOF
	for range 40 {
		knot = crowd{knot, knot}
	}
	var deaf error = stairs(0)
	for range 1000 {
		deaf = Permanent(deaf)
	}
	loop := &directed{}
	loop.err = crowd{loop, loop, io.EOF}
	for name, err := range map[string]error{"wide": wide, "endless": stairs(0), "knots": knot} {
		t.Run(name, func(t *testing.T) {
			causes := describe(err)
			if len(causes) != maxCauses {
				t.Fatalf("%d causes, want %d", len(causes), maxCauses)
			}
			if last := causes[maxCauses-1].Message; !strings.Contains(last, "only the first") {
				t.Errorf("the last cause is %q, which does not say that something is missing", last)
			}
		})
	}
	// These two have next to nothing to tell, and must come to an end.
	for _, err := range []error{deaf, loop} {
		if causes := describe(err); len(causes) == 0 || len(causes) > 3 {
			t.Errorf("%d causes", len(causes))
		}
	}

	exact := make(crowd, maxCauses-1)
	for i := range exact {
		exact[i] = io.EOF
	}
	causes := describe(exact)
	if len(causes) != maxCauses || causes[maxCauses-1].Message != "EOF" {
		t.Errorf("%d causes that fit became %d, the last is %q", maxCauses, len(causes), causes[len(causes)-1].Message)
	}
}

func TestMessageIsCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SampledFrom([]string{"x", "ä", "…", "😀", "\xff"}).Draw(t, "unit")
		head := rapid.StringN(0, 5, -1).Draw(t, "head")
		text := head + strings.Repeat(unit, rapid.IntRange(0, 2*maxMessage).Draw(t, "n"))
		got := message(errors.New(text))
		if len(text) <= maxMessage {
			if got != text {
				t.Fatalf("a text of %d bytes was changed", len(text))
			}
			return
		}
		kept, mark, _ := strings.Cut(got, "… (cut, ")
		if unit != "…" && (!strings.HasPrefix(text, kept) || mark != fmt.Sprintf("%d bytes in all)", len(text))) {
			t.Fatalf("cut to %d bytes, marked %q", len(kept), mark)
		}
		if len(got) > maxMessage+64 || len(got) < maxMessage-utf8.UTFMax {
			t.Fatalf("%d bytes became %d", len(text), len(got))
		}
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Fatal("cut inside a character")
		}
	})
}

// A chain must come back from a file as it went in: as text, types and codes.
func TestChainIsStored(t *testing.T) {
	err := errors.Join(fmt.Errorf("job 7: %w", &pictureError{"cat.jpg", errMissing}), io.ErrUnexpectedEOF)
	before := store.Failure{Kind: store.FailError, Message: message(err), Chain: describe(err)}
	data, encErr := msgpack.Marshal(&before)
	if encErr != nil {
		t.Fatal(encErr)
	}
	var after store.Failure
	if err := msgpack.Unmarshal(data, &after); err != nil {
		t.Fatal(err)
	}
	matched := false
	for i, c := range after.Chain {
		if c != before.Chain[i] {
			t.Errorf("cause %d: %+v, want %+v", i, c, before.Chain[i])
		}
		if sentinel, ok := LookupError(c.Code); ok && errors.Is(sentinel, errMissing) {
			matched = true
		}
	}
	if !matched || len(after.Chain) != 5 {
		t.Errorf("the sentinel is not among the %d causes: %+v", len(after.Chain), after.Chain)
	}
}
