package admin

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/queue/filter"
	"github.com/bgq-dev/bgq/store"
)

// What to do about several problems.
const (
	hintSpec     = "GET /v1/openapi.yaml describes what can be given"
	hintFilter   = "GET /v1/openapi.yaml describes filters"
	hintNoFile   = "the program serves a queue that is kept elsewhere: ask where it is"
	hintReadOnly = "ask where it may be changed: at the socket of the program, for example"
)

// kinds of errors, and the problems that they are. The first that matches counts: what is not known
// to be stored, for example, may be so because a context ended.
var kinds = []struct {
	is   error
	code wire.Code
	hint string
}{
	{store.ErrNotFound, wire.CodeNotFound, "it was never there, or was pruned or deleted"},
	{store.ErrUnknown, wire.CodeUnknown, "look whether it was done before you repeat it"},
	{store.ErrCorrupt, wire.CodeDamaged, "bgq verify shows what is damaged"},
	{store.ErrNoSpace, wire.CodeNoSpace, "free some space on the disk: what is stored can still be finished and deleted"},
	{store.ErrTooLarge, wire.CodeTooLarge, "shorten it, or keep it elsewhere and name its place"},
	{store.ErrReadOnly, wire.CodeReadOnly, hintReadOnly},
	{store.ErrRunning, wire.CodeRunning, "wait until it has ended, or cancel it"},
	{store.ErrClosed, wire.CodeClosed, "try again when the program runs again"},
	{errClosing, wire.CodeClosed, "try again when the program runs again"},
	{store.ErrNotStored, wire.CodeInternal, "nothing was changed: try again; the log of the program may say more"},
	{context.DeadlineExceeded, wire.CodeTimeout, "ask for less, or try again"},
	{context.Canceled, wire.CodeClosed, "try again"},
}

// classify finds out what an error is. false: it is none that is expected.
func classify(err error) (*wire.Problem, bool) {
	if p, ok := errors.AsType[*wire.Problem](err); ok {
		return p, true
	}
	if e, ok := errors.AsType[*queue.DuplicateError](err); ok {
		p := wire.NewProblem(wire.CodeDuplicate, "wait for that job, cancel it, or use another key", "unique key %q is held by job %s", e.Key, e.Holder)
		p.Holder = e.Holder.String()
		return p, true
	}
	if e, ok := errors.AsType[*filter.SyntaxError](err); ok {
		text := e.Error()
		if e.Hint != "" {
			text = strings.TrimSuffix(text, "; "+e.Hint)
		}
		return wire.NewProblem(wire.CodeBadFilter, cmp.Or(e.Hint, hintFilter), "%s", text), true
	}
	for _, k := range kinds {
		if !errors.Is(err, k.is) {
			continue
		}
		p := wire.NewProblem(k.code, k.hint, "%v", err)
		if e, ok := errors.AsType[*store.FileError](err); ok && e.Hint != "" {
			p.Hint = e.Hint
			p.Detail = strings.TrimSuffix(p.Detail, ": "+e.Hint)
		}
		return p, true
	}
	return wire.NewProblem(wire.CodeInternal, "the log of the program says more", "%v", err), false
}

// problemOf is the problem that an error is. What nobody has thought of is internal.
func problemOf(err error) *wire.Problem {
	p, _ := classify(err)
	return p
}

// refused is the problem that an error of a change is. The engine and the context fail with errors that
// are known: any other one says what is wrong with the request.
func refused(err error) error {
	if p, known := classify(err); known {
		return p
	}
	return wire.NewProblem(wire.CodeBadRequest, hintSpec, "%v", err)
}
