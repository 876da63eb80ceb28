package store

import (
	"errors"
	"fmt"
)

// The errors of every store. Match them with errors.Is; what is printed names the
// file or the job, and what to do.
var (
	// ErrNotFound: no such job, queue or batch; it was never there or was pruned.
	ErrNotFound = errors.New("not found")
	// ErrClosed: the store was closed before the call began.
	ErrClosed = errors.New("the store is closed")
	// ErrReadOnly: the store was opened for reading.
	ErrReadOnly = errors.New("the store is open for reading only")
	// ErrLocked: another process holds the file.
	ErrLocked = errors.New("the file is locked")
	// ErrCorrupt: what is on disk is damaged.
	ErrCorrupt = errors.New("damaged")
	// ErrForeign: the file is not a bgq file.
	ErrForeign = errors.New("not a bgq file")
	// ErrNewerFormat: the file was written by a newer bgq.
	ErrNewerFormat = errors.New("the file has a newer format")
	// ErrOlderFormat: the file was written by an older bgq, and is open for reading only.
	ErrOlderFormat = errors.New("the file has an older format")
	// ErrTooLarge: an argument or a result exceeds the limit of a value, or a call the limit of its slices.
	ErrTooLarge = errors.New("too large")
	// ErrNoSpace: the disk is nearly full: nothing new is accepted, so that what is there can be finished.
	ErrNoSpace = errors.New("no space left for new jobs")
	// ErrNotStored: the engine failed, and the call is known to have changed nothing.
	ErrNotStored = errors.New("not stored")
	// ErrUnknown: the engine failed in the middle of a commit, or the caller's
	// context ended while one was under way: the call may or may not be stored.
	// Repeat it, or read by id.
	ErrUnknown = errors.New("not known whether it was stored")
	// ErrRunning: what was asked for is refused while a job is running.
	ErrRunning = errors.New("refused while a job is running")
	// ErrBatchMismatch: a batch of that name exists with another size or fingerprint.
	ErrBatchMismatch = errors.New("the batch exists with other contents")
)

// FileError is an error about a file: what happened to it, and what to do next.
// It unwraps to one of the sentinels above and to its cause.
type FileError struct {
	Path string
	Err  error  // the sentinel, or a wrap of it
	Hint string // what to do next, a sentence
}

// Error returns the path, what happened, and the hint.
func (e *FileError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("%s: %v: %s", e.Path, e.Err, e.Hint)
}

// Unwrap returns Err.
func (e *FileError) Unwrap() error { return e.Err }
