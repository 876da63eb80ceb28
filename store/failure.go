package store

import "time"

// FailureKind says how an attempt failed.
type FailureKind string

// The kinds of failure.
const (
	FailError     FailureKind = "error"     // the handler returned an error
	FailPanic     FailureKind = "panic"     // the handler panicked
	FailTimeout   FailureKind = "timeout"   // the attempt ran longer than the job's timeout
	FailCrash     FailureKind = "crash"     // the process died during the attempt
	FailCancelled FailureKind = "cancelled" // somebody cancelled the job
)

// Failure is the record of one attempt that did not succeed. It is msgpack on disk.
type Failure struct {
	At      time.Time   `msgpack:"at" json:"at"`
	Attempt int         `msgpack:"attempt" json:"attempt"`
	Kind    FailureKind `msgpack:"kind" json:"kind"`
	Message string      `msgpack:"message" json:"message"`
	// Chain is the error and what it wraps, outermost first, depth first.
	Chain []Cause `msgpack:"chain,omitempty" json:"chain,omitempty"`
	// Stack is the stack of the panic, or of the place that made the error if it carries one.
	Stack string `msgpack:"stack,omitempty" json:"stack,omitempty"`
	// Output is what a failed process printed, capped.
	Output string `msgpack:"output,omitempty" json:"output,omitempty"`
}

// Cause is one error of a chain, as text and type: what can be said of it in
// another process.
type Cause struct {
	Message string `msgpack:"message" json:"message"`
	Type    string `msgpack:"type" json:"type"`
	// Code is the name under which the error was registered, if it was.
	Code string `msgpack:"code,omitempty" json:"code,omitempty"`
}

// Type returns the Go type of the outermost error, or "".
func (f *Failure) Type() string {
	if len(f.Chain) == 0 {
		return ""
	}
	return f.Chain[0].Type
}
