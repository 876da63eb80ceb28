package bgclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/bgq-dev/bgq/store"
)

var (
	errNoPicture = errors.New("no such picture")
	errNoPipe    = fmt.Errorf("no pipe: %w", io.ErrClosedPipe)
)

func init() {
	err := errors.Join(
		RegisterError("bgclient_test.no_picture", errNoPicture),
		RegisterError("bgclient_test.no_pipe", errNoPipe),
	)
	if err != nil {
		panic(err)
	}
}

// pictureError is an error type of a program.
type pictureError struct {
	Name string
	Err  error
}

func (e *pictureError) Error() string { return e.Name + ": " + e.Err.Error() }
func (e *pictureError) Unwrap() error { return e.Err }

var failedAt = time.Date(2026, 11, 22, 16, 34, 0, 0, time.UTC)

// failed returns a job, its failure as it comes from a file, and the live error.
func failed(t *testing.T) (*store.Job, *store.Failure, error) {
	t.Helper()
	live := errors.Join(fmt.Errorf("resizing: %w", &pictureError{"cat.jpg", errNoPicture}), io.ErrUnexpectedEOF)
	f := store.Failure{
		At: failedAt, Attempt: 2, Kind: store.FailPanic, Message: live.Error(),
		Chain: []store.Cause{
			{Message: live.Error(), Type: "*errors.joinError"},
			{Message: "resizing: cat.jpg: no such picture", Type: "*fmt.wrapError"},
			{Message: "cat.jpg: no such picture", Type: "*bgclient.pictureError"},
			{Message: "no such picture", Type: "*errors.errorString", Code: "bgclient_test.no_picture"},
			{Message: "unexpected EOF", Type: "*errors.errorString"},
		},
		Stack: "main.resize(0x1)\n\t/src/main.go:7\n", Output: "convert: cannot open\r\n",
	}
	data, err := msgpack.Marshal(&f)
	if err != nil {
		t.Fatal(err)
	}
	var stored store.Failure
	if err := msgpack.Unmarshal(data, &stored); err != nil {
		t.Fatal(err)
	}
	id, err := store.ParseID("01JD8Q3Z5M9XKX2T4V6W8Y0ABC")
	if err != nil {
		t.Fatal(err)
	}
	return &store.Job{ID: id, Kind: "resize", Reason: "permanent"}, &stored, live
}

func TestBgExceptionAfterARestart(t *testing.T) {
	job, f, _ := failed(t)
	e := newBgException(job, f, nil)
	var err error = fmt.Errorf("wrapped: %w", e)
	if !errors.Is(err, errNoPicture) {
		t.Error("it does not match the sentinel that was registered")
	}
	for _, other := range []error{io.ErrUnexpectedEOF, errors.New("no such picture"), newBgException(job, f, nil), nil} {
		if errors.Is(err, other) {
			t.Errorf("it matches %v (%T), which was not registered", other, other)
		}
	}
	if got, ok := errors.AsType[*BgException](err); !ok || got != e || !errors.Is(got, e) {
		t.Error("errors.As does not find it")
	}
	const line = "resizing: cat.jpg: no such picture; unexpected EOF (panic in job 01JD8Q3Z5M9XKX2T4V6W8Y0ABC of kind resize, attempt 2, permanent)"
	const whole = line + `
{
  at 2026-11-22T16:34:00Z
  caused by:
    *errors.joinError: resizing: cat.jpg: no such picture
      unexpected EOF
    *fmt.wrapError: resizing: cat.jpg: no such picture
    *bgclient.pictureError: cat.jpg: no such picture
    *errors.errorString: no such picture [bgclient_test.no_picture]
    *errors.errorString: unexpected EOF
  stack:
    main.resize(0x1)
    	/src/main.go:7
  output:
    convert: cannot open
}`
	for format, want := range map[string]string{
		"%v": line, "%s": line, "%q": fmt.Sprintf("%q", line), "%+v": whole,
		"%d": "%!d(*bgclient.BgException=" + line + ")",
	} {
		if got := fmt.Sprintf(format, e); got != want {
			t.Errorf("%s prints\n%s\nwant\n%s", format, got, want)
		}
	}
}

func TestBgExceptionInProcess(t *testing.T) {
	job, f, live := failed(t)
	e := newBgException(job, f, live)
	if !errors.Is(e, io.ErrUnexpectedEOF) || !errors.Is(e, errNoPicture) || !errors.Is(e, live) {
		t.Error("errors.Is does not reach the live error")
	}
	if p, ok := errors.AsType[*pictureError](e); !ok || p.Name != "cat.jpg" {
		t.Error("errors.As does not reach the live error")
	}
	if errors.Is(e, newBgException(job, f, live)) {
		t.Error("two exceptions are equal")
	}
}

func TestBgExceptionLine(t *testing.T) {
	job, _, _ := failed(t)
	for want, e := range map[string]*BgException{
		"<nil>": nil,
		"failed without a message (job 00000000000000000000000000)": {},
		"boom (job " + job.ID.String() + " of kind resize, attempt 1)": {
			Message: "boom", Kind: store.FailError, Job: job.ID, JobKind: "resize", Attempt: 1, Reason: "attempts"},
		"gone (crash in job " + job.ID.String() + " of kind func, attempt 1)": {
			Message: "gone", Kind: store.FailCrash, Job: job.ID, JobKind: "func", Attempt: 1, Reason: "crash"},
		"gone (crash in job " + job.ID.String() + " of kind x, crash_loop)": {
			Message: "gone", Kind: store.FailCrash, Job: job.ID, JobKind: "x", Reason: "crash_loop"},
		"a; b (job 00000000000000000000000000)": {Message: "a\r\n\nb\n"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	var none *BgException
	if none.Unwrap() != nil || none.Is(errNoPicture) || none.Causes() != nil || fmt.Sprintf("%+v|%v", none, none) != "<nil>|<nil>" {
		t.Error("a nil exception does not behave like none")
	}
}

// A sentinel matches what it wraps itself.
func TestBgExceptionOfAWrappingSentinel(t *testing.T) {
	e := &BgException{Chain: []store.Cause{{Code: "bgclient_test.no_pipe"}}}
	if !errors.Is(e, errNoPipe) || !errors.Is(e, io.ErrClosedPipe) || errors.Is(e, errNoPicture) {
		t.Error("it does not match what the registered sentinel matches")
	}
}

// A context error of a job is one for who waits for it, too.
func TestBgExceptionOfATimeout(t *testing.T) {
	e := &BgException{Kind: store.FailTimeout, Chain: []store.Cause{{Message: "too late", Code: "context.DeadlineExceeded"}, {Code: "unknown here"}}}
	if !errors.Is(e, context.DeadlineExceeded) || errors.Is(e, context.Canceled) {
		t.Error("the codes of the standard library do not match")
	}
}
