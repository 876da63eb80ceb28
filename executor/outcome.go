package executor

import (
	"errors"
	"fmt"
	"time"
)

// The causes of the end of a handler's context, see [context.Cause].
var (
	// ErrShutdown: the process stops. The job runs again later, and is not charged.
	ErrShutdown = errors.New("the executor is shutting down")
	// ErrTimeout: the attempt ran longer than the timeout of its job.
	ErrTimeout = errors.New("the attempt ran into its timeout")
	// ErrCancelled: somebody cancelled the job. Nothing that the handler returns is recorded.
	ErrCancelled = errors.New("the job was cancelled")
	// ErrLost: the job is no longer this attempt's. Nothing that the handler returns is recorded.
	ErrLost = errors.New("the job was taken away from this attempt")
)

// Permanent marks an error that no further attempt can mend: the job is discarded
// whatever attempts are left. Permanent(nil) is nil.
func Permanent(err error) error { return wrap(err, directive{permanent: true}) }

// RetryAfter marks an error after which the next attempt comes in d rather than
// when the backoff says. RetryAfter(nil, d) is nil.
func RetryAfter(err error, d time.Duration) error {
	return wrap(err, directive{wait: max(d, time.Nanosecond)})
}

// Cancel marks an error by which the handler cancels its own job: it ends
// cancelled, not discarded. Cancel(nil) is nil.
func Cancel(err error) error { return wrap(err, directive{cancel: true}) }

// Snooze is returned by a handler that wants to be run again in d. The attempt
// is not charged, and nothing is recorded as a failure.
func Snooze(d time.Duration) error {
	return &directed{err: fmt.Errorf("snoozed for %v", d), directive: directive{snooze: true, wait: max(d, 0)}}
}

// Interrupt marks an error with which a handler gives its job back unfinished: it
// runs again, the attempt is not charged, and nothing is recorded as a failure.
// Interrupt(nil) is nil.
func Interrupt(err error) error { return wrap(err, directive{interrupt: true}) }

// directive is what a handler wants to become of its job.
type directive struct {
	permanent, snooze, cancel, interrupt bool

	wait time.Duration
}

// directed is an error with a directive. It reads like the error it wraps.
type directed struct {
	err error
	directive
}

func wrap(err error, d directive) error {
	if err == nil {
		return nil
	}
	return &directed{err: err, directive: d}
}

func (d *directed) Error() string { return d.err.Error() }
func (d *directed) Unwrap() error { return d.err }

// split returns the directive in the chain of err, if there is one, and err
// without it where it is outermost.
func split(err error) (directive, error) {
	if outer, ok := err.(*directed); ok {
		return outer.directive, outer.err
	}
	inner, _ := find(err, func(e error) bool { _, ok := e.(*directed); return ok }).(*directed)
	if inner == nil {
		return directive{}, err
	}
	return inner.directive, err
}
