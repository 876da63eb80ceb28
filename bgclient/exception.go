package bgclient

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// BgException is the failure of a background job: what [Invocation.Result] and its
// kin return for a job that is discarded. Get it from an error with [errors.As].
//
// It can be read in any process, long after the handler failed. In the process in
// which it failed, the handler's own error is still there: errors.Is and errors.As
// reach into it. In another one the chain is text and types, and errors.Is matches
// those of its errors that were given a code with [RegisterError] in both.
//
// Printed with %v it is one line; with %+v it is all that is known, over many lines.
// It is not changed after it was made, and may be used from any goroutine.
type BgException struct {
	// Message is the text of the handler's error, or of the panic.
	Message string
	Kind    store.FailureKind
	// Job is the id of the job, and JobKind the name of its function.
	Job     store.ID
	JobKind string
	// Attempt is the number of the attempt that failed last, from 1.
	Attempt int
	At      time.Time // when it failed
	// Chain is the error and what it wraps, outermost first, depth first.
	Chain []store.Cause
	// Stack is where the handler panicked, or "".
	Stack string
	// Output is what a failed process printed, shortened, or "".
	Output string
	// Reason says why the job was not tried again: "attempts" (none was left),
	// "permanent", "crash_loop", "crash"; see package queue.
	Reason string

	live error // the handler's error; nil in another process
}

// RegisterError gives an error value a code, so that a [BgException] which had it
// in its chain matches it with [errors.Is] also in another process. Call it where
// the error is declared, in an init function. See [executor.RegisterError].
func RegisterError(code string, err error) error { return executor.RegisterError(code, err) }

// newBgException makes the exception of a job that failed. f is its last failure,
// and live the error behind it, or nil if it is not known any more.
func newBgException(j *store.Job, f *store.Failure, live error) *BgException {
	return &BgException{
		Message: f.Message, Kind: f.Kind,
		Job: j.ID, JobKind: j.Kind, Attempt: f.Attempt, At: f.At,
		Chain: f.Chain, Stack: f.Stack, Output: f.Output, Reason: j.Reason,
		live: live,
	}
}

// Error returns the message and, in brackets, which job failed and how, in one line.
func (e *BgException) Error() string {
	if e == nil {
		return "<nil>"
	}
	var b strings.Builder
	b.WriteString(oneLine(e.Message))
	if e.Message == "" {
		b.WriteString("failed without a message")
	}
	b.WriteString(" (")
	if e.Kind != store.FailError && e.Kind != "" {
		fmt.Fprintf(&b, "%s in ", e.Kind)
	}
	fmt.Fprintf(&b, "job %v", e.Job)
	if e.JobKind != "" {
		fmt.Fprintf(&b, " of kind %s", oneLine(e.JobKind))
	}
	if e.Attempt > 0 {
		fmt.Fprintf(&b, ", attempt %d", e.Attempt)
	}
	if e.Reason != "" && e.Reason != queue.ReasonAttempts && e.Reason != string(e.Kind) {
		fmt.Fprintf(&b, ", %s", oneLine(e.Reason))
	}
	b.WriteString(")")
	return b.String()
}

// oneLine joins the lines of a text.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\r' || r == '\n' }), "; ")
}

// Unwrap returns the error of the handler in the process where it failed, and nil elsewhere.
func (e *BgException) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.live
}

// Is tells whether target is, or is wrapped by, an error of the chain that was
// registered with [RegisterError].
func (e *BgException) Is(target error) bool {
	if e == nil || target == nil {
		return false
	}
	for _, c := range e.Chain {
		if sentinel, ok := executor.LookupError(c.Code); ok && errors.Is(sentinel, target) {
			return true
		}
	}
	return false
}

// Causes returns Chain: where one job fails because of another, its failure keeps
// the causes of both.
func (e *BgException) Causes() []store.Cause {
	if e == nil {
		return nil
	}
	return e.Chain
}

// Format implements [fmt.Formatter]: %v and %s print Error, %q quotes it, and %+v
// prints the whole exception.
func (e *BgException) Format(s fmt.State, verb rune) {
	switch {
	case verb == 'v' && s.Flag('+') && e != nil:
		io.WriteString(s, e.whole())
	case verb == 'v', verb == 's':
		io.WriteString(s, e.Error())
	case verb == 'q':
		io.WriteString(s, strconv.Quote(e.Error()))
	default:
		fmt.Fprintf(s, "%%!%c(*bgclient.BgException=%s)", verb, e.Error())
	}
}

// whole returns the first line, and then everything else indented in braces.
func (e *BgException) whole() string {
	var b strings.Builder
	b.WriteString(e.Error())
	b.WriteString("\n{\n")
	if !e.At.IsZero() {
		fmt.Fprintf(&b, "  at %s\n", e.At.UTC().Format(time.RFC3339Nano))
	}
	section := func(title string, texts ...string) {
		if len(texts) == 0 {
			return
		}
		fmt.Fprintf(&b, "  %s:\n", title)
		for _, text := range texts {
			for line := range strings.Lines(strings.TrimRight(text, "\n")) {
				b.WriteString("    " + strings.TrimRight(line, "\r\n") + "\n")
			}
		}
	}
	var causes []string
	for _, c := range e.Chain {
		text := c.Message
		if c.Type != "" {
			text = c.Type + ": " + text
		}
		if c.Code != "" {
			text += " [" + c.Code + "]"
		}
		// The further lines of a message stand below its first.
		causes = append(causes, strings.ReplaceAll(text, "\n", "\n  "))
	}
	section("caused by", causes...)
	if e.Stack != "" {
		section("stack", e.Stack)
	}
	if e.Output != "" {
		section("output", e.Output)
	}
	b.WriteString("}")
	return b.String()
}
