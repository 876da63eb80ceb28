package store

import (
	"context"
	"time"
)

// Actor is who asked for a change.
type Actor struct {
	// Name is the user: of the host application if it names one, otherwise of the operating system.
	Name string `msgpack:"name" json:"name"`
	// UID and PID are of the process that asked, -1 if they are not known.
	UID int `msgpack:"uid" json:"uid"`
	PID int `msgpack:"pid" json:"pid"`
	// Via is the way it came: "socket", "http" or "file".
	Via string `msgpack:"via" json:"via"`
}

// Audit says who asks for a change and what for. It travels in the context of a call: a
// verb that changes something on behalf of somebody stores an [AuditEntry] in
// the same commit. Without an Audit in its context a change is the program's own
// doing, and is not recorded. Texts that are too long are refused with the change: names of more
// than 255 bytes, a reason of more than 1 KiB ([ErrTooLarge]).
type Audit struct {
	Actor Actor
	// Verb is what was asked for, in the words of the command: "retry", "delete", "pause".
	Verb string
	// Reason is why, in the words of who asked.
	Reason string
	// Operation names the bulk operation that the change is a part of, or is empty.
	Operation string
	// Filter is what selected the jobs, if something did, up to 1 KiB of it.
	Filter string
}

type auditKey struct{}

// WithAudit returns a context whose changes are recorded as asked for by a.
func WithAudit(ctx context.Context, a Audit) context.Context {
	return context.WithValue(ctx, auditKey{}, &a)
}

// AuditFrom returns what WithAudit put into the context, or nil.
func AuditFrom(ctx context.Context) *Audit {
	a, _ := ctx.Value(auditKey{}).(*Audit)
	return a
}

// AuditEntry is the record of one change that somebody asked for. Changes that
// touched nothing are not recorded.
type AuditEntry struct {
	// Seq numbers the entries of a store, from 1. No number is used twice.
	Seq uint64
	At  time.Time
	Audit
	// Jobs are those that were enqueued, moved or deleted, each once.
	Jobs []ID
	// Queue or Batch is named if the change was to one of them.
	Queue string
	Batch string
	// Detail says what became different, where the verb does not: "workers 4 → 8, rate 5/s". It
	// names the schedule if the change was to one.
	Detail string
}

// AuditRequest asks for a page of entries, newest first.
type AuditRequest struct {
	// Job selects the entries that touched one job; also of a job that was deleted. Zero: all.
	Job ID
	// Before is the Seq to go on from: only older ones are returned. 0: from the newest.
	Before uint64
	// Limit is the most entries returned; 0 means 100. Fewer may be returned although there are
	// more, if they name very many jobs: there are no others when none is.
	Limit int
}
