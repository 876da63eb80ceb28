package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// exitCode is the code that the process ends with. The codes are an interface:
// scripts branch on them.
type exitCode int

const (
	exitOK          exitCode = 0
	exitError       exitCode = 1
	exitUsage       exitCode = 2
	exitJobFailed   exitCode = 3
	exitPartial     exitCode = 4
	exitNotFound    exitCode = 5
	exitDeclined    exitCode = 6
	exitNoFile      exitCode = 10
	exitLocked      exitCode = 11
	exitRefused     exitCode = 12
	exitMismatch    exitCode = 13
	exitDamaged     exitCode = 20
	exitTimeout     exitCode = 124
	exitInterrupted exitCode = 130
)

// exits lists the codes with the name that JSON output gives them, and their meaning.
var exits = []struct {
	code          exitCode
	name, meaning string
}{
	{exitOK, "ok", "done"},
	{exitError, "error", "it did not work; the message says what to do"},
	{exitUsage, "usage", "the command line is wrong"},
	{exitJobFailed, "job_failed", "the job that was awaited, asked for or run has failed or was cancelled"},
	{exitPartial, "partial", "done in part: some jobs were refused"},
	{exitNotFound, "not_found", "no such job, batch, queue or operation"},
	{exitDeclined, "declined", "you said no, or nobody could be asked: give -y"},
	{exitNoFile, "no_file", "the file does not exist"},
	{exitLocked, "locked", "another process holds the file, and serves no admin socket"},
	{exitRefused, "refused", "not permitted, not possible now, or --expect did not hold"},
	{exitMismatch, "mismatch", "not a bgq file, another format or version, or a batch with other contents"},
	{exitDamaged, "damaged", "the file is damaged"},
	{exitTimeout, "timeout", "the time to wait is over"},
	{exitInterrupted, "interrupted", "interrupted by Ctrl-C or a signal"},
}

// String returns the name of the code.
func (c exitCode) String() string {
	for _, e := range exits {
		if e.code == c {
			return e.name
		}
	}
	return fmt.Sprintf("exit_%d", int(c))
}

// exitErr is an error with the code to leave with, and what to do next.
type exitErr struct {
	code exitCode
	err  error  // nil: leave with the code, everything has been said
	hint string // a sentence, or ""
}

func (e *exitErr) Error() string {
	if e.err == nil {
		return e.code.String()
	}
	return e.err.Error()
}

func (e *exitErr) Unwrap() error { return e.err }

// fail returns an error to leave with.
func fail(code exitCode, hint, format string, args ...any) error {
	return &exitErr{code, fmt.Errorf(format, args...), hint}
}

// leave ends the command with a code after it has said everything itself.
func leave(code exitCode) error {
	if code == exitOK {
		return nil
	}
	return &exitErr{code: code}
}

// usage returns the error for a wrong command line.
func usage(hint, format string, args ...any) error { return fail(exitUsage, hint, format, args...) }

// codes maps the errors of the packages below to exit codes. The first that matches wins.
var codes = []struct {
	is   error
	code exitCode
}{
	{store.ErrLocked, exitLocked},
	{store.ErrCorrupt, exitDamaged},
	{store.ErrForeign, exitMismatch},
	{store.ErrNewerFormat, exitMismatch},
	{store.ErrOlderFormat, exitMismatch},
	{store.ErrBatchMismatch, exitMismatch},
	{store.ErrNotFound, exitNotFound},
	{store.ErrReadOnly, exitRefused},
	{store.ErrRunning, exitRefused},
	{fs.ErrNotExist, exitNoFile},
	{fs.ErrPermission, exitRefused},
	{context.Canceled, exitInterrupted},
	{context.DeadlineExceeded, exitTimeout},
}

// codeOf returns the code to leave with after err.
func codeOf(err error) exitCode {
	if err == nil {
		return exitOK
	}
	if e, ok := errors.AsType[*exitErr](err); ok {
		return e.code
	}
	if p, ok := errors.AsType[*wire.Problem](err); ok {
		return codeOfProblem(p.Code)
	}
	for _, c := range codes {
		if errors.Is(err, c.is) {
			return c.code
		}
	}
	return exitError
}

// hintOf returns what to do about err, if anybody said it.
func hintOf(err error) string {
	if e, ok := errors.AsType[*exitErr](err); ok && e.hint != "" {
		return e.hint
	}
	if p, ok := errors.AsType[*wire.Problem](err); ok {
		return p.Hint
	}
	if e, ok := errors.AsType[*store.FileError](err); ok {
		return e.Hint
	}
	if _, ok := errors.AsType[dialError](err); ok {
		return "does the program run, and is this the address where it serves the API?"
	}
	return ""
}

// messageOf returns what err says, without the hint.
func messageOf(err error) string {
	if codeOf(err) == exitInterrupted && errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	// A FileError prints its hint with the message: say it once.
	return strings.TrimSuffix(err.Error(), ": "+hintOf(err))
}

// report tells people, or with JSON output programs, about err.
func report(w io.Writer, f format, err error) {
	if e, ok := errors.AsType[*exitErr](err); ok && e.err == nil {
		return
	}
	code, hint, message := codeOf(err), hintOf(err), messageOf(err)
	if f.structured() { // a line of JSON is YAML too
		type detail struct {
			Code    string   `json:"code"`
			Message string   `json:"message"`
			Hint    string   `json:"hint"`
			Exit    exitCode `json:"exit"`
		}
		b, _ := json.Marshal(map[string]detail{"error": {code.String(), message, hint, code}})
		fmt.Fprintf(w, "%s\n", asciiControls(b))
		return
	}
	fmt.Fprintf(w, "bgq: %s\n", cleanLines(message))
	if hint != "" {
		fmt.Fprintf(w, "     %s\n", cleanLines(hint))
	}
}
