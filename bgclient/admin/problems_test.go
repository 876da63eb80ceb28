package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/queue/filter"
	"github.com/bgq-dev/bgq/store"
)

func TestProblemOf(t *testing.T) {
	holder := store.NewID()
	_, syntax := filter.Parse("stat:failed", time.Now())
	for _, c := range []struct {
		err    error
		code   wire.Code
		detail string // part of it
		hint   string // part of it
	}{
		{fmt.Errorf("job 1: %w", store.ErrNotFound), wire.CodeNotFound, "job 1: not found", "deleted"},
		{&store.FileError{Path: "q.db", Err: store.ErrCorrupt, Hint: "restore it"}, wire.CodeDamaged, "q.db: damaged", "restore it"},
		{store.ErrNoSpace, wire.CodeNoSpace, "no space", "free"},
		{fmt.Errorf("%w: %w", store.ErrUnknown, context.Canceled), wire.CodeUnknown, "not known", "look"},
		{store.ErrTooLarge, wire.CodeTooLarge, "too large", "name its place"},
		{store.ErrReadOnly, wire.CodeReadOnly, "reading only", ""},
		{store.ErrClosed, wire.CodeClosed, "closed", "again"},
		{errClosing, wire.CodeClosed, "shutting down", "again"},
		{store.ErrRunning, wire.CodeRunning, "running", "cancel"},
		{store.ErrNotStored, wire.CodeInternal, "not stored", "nothing was changed"},
		{&queue.DuplicateError{Key: "k", Holder: holder}, wire.CodeDuplicate, holder.String(), "another key"},
		{syntax, wire.CodeBadFilter, `"stat:failed"`, "did you mean state:failed?"},
		{context.DeadlineExceeded, wire.CodeTimeout, "deadline", "less"},
		{context.Canceled, wire.CodeClosed, "canceled", ""},
		{wire.NewProblem(wire.CodeBusy, "h", "d"), wire.CodeBusy, "d", "h"},
		{errors.New("odd"), wire.CodeInternal, "odd", "log"},
	} {
		p := problemOf(c.err)
		if p.Code != c.code || !strings.Contains(p.Detail, c.detail) || !strings.Contains(p.Hint, c.hint) {
			t.Errorf("%v: %+v", c.err, p)
		}
		if c.hint != "" && strings.Contains(p.Detail, p.Hint) {
			t.Errorf("%v: the hint is there twice: %+v", c.err, p)
		}
	}
	if p := problemOf(&queue.DuplicateError{Holder: holder}); p.Holder != holder.String() {
		t.Errorf("%+v", p)
	}
}

func TestRefused(t *testing.T) {
	problem(t, refused(errors.New("the queue is empty")), wire.CodeBadRequest)
	problem(t, refused(store.ErrNotStored), wire.CodeInternal)
}
