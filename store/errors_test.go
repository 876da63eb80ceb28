package store

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestFileError(t *testing.T) {
	cause := &fs.PathError{Op: "open", Path: "jobs.db", Err: fs.ErrPermission}
	err := error(&FileError{Path: "jobs.db", Err: fmt.Errorf("%w: %w", ErrCorrupt, cause), Hint: "put a copy in its place"})
	wrapped := fmt.Errorf("opening: %w", err)
	for _, target := range []error{ErrCorrupt, fs.ErrPermission} {
		if !errors.Is(wrapped, target) {
			t.Errorf("%v does not match %v", wrapped, target)
		}
	}
	if errors.Is(wrapped, ErrForeign) {
		t.Errorf("%v matches %v", wrapped, ErrForeign)
	}
	if file, ok := errors.AsType[*FileError](wrapped); !ok || file.Path != "jobs.db" {
		t.Errorf("%v does not unwrap to its FileError", wrapped)
	}
	for _, c := range []struct {
		err  FileError
		want string
	}{
		{FileError{Path: "a.db", Err: ErrLocked, Hint: "stop process 7"}, "a.db: the file is locked: stop process 7"},
		{FileError{Path: "a.db", Err: ErrLocked}, "a.db: the file is locked"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestErrorsAreApart(t *testing.T) {
	all := []error{
		ErrNotFound, ErrClosed, ErrReadOnly, ErrLocked, ErrCorrupt, ErrForeign, ErrNewerFormat, ErrOlderFormat, ErrTooLarge,
		ErrNoSpace, ErrNotStored, ErrUnknown, ErrRunning, ErrBatchMismatch,
	}
	for i, a := range all {
		for j, b := range all {
			if i != j && (errors.Is(a, b) || a.Error() == b.Error()) {
				t.Errorf("%q cannot be told from %q", a, b)
			}
		}
	}
}

func TestMarksOfRecords(t *testing.T) {
	if got := (&Failure{Chain: []Cause{{Type: "*a.E"}, {Type: "*b.E"}}}).Type(); got != "*a.E" {
		t.Errorf("the type of a failure is %q, want that of the outermost error", got)
	}
	if got := (&Failure{Message: "m"}).Type(); got != "" {
		t.Errorf("the type of a failure without a chain is %q", got)
	}
	if got := (&Job{ID: ID{1}, Claim: 3}).Ref(); got != (Ref{ID: ID{1}, Claim: 3}) {
		t.Errorf("the ref is %+v", got)
	}
	if filled := (Move{To: Running}); !(&Move{From: EveryState}).Zero() || filled.Zero() {
		t.Error("Zero does not tell a move that was never filled in")
	}
}
