package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

// asks draws whether the next call is made on behalf of somebody. note records in the
// reference what the call has changed, if it is; zero is nothing.
func (m *machine) asks(t *rapid.T) (ctx context.Context, note func(store.AuditEntry)) {
	if !chance(t, 3, "audited") {
		return t.Context(), func(store.AuditEntry) {}
	}
	a := store.Audit{Verb: fmt.Sprint("verb ", m.entries), Actor: store.Actor{Name: "ann", UID: -1}}
	return store.WithAudit(t.Context(), a), func(e store.AuditEntry) {
		if len(e.Jobs) == 0 && e.Queue == "" && e.Batch == "" && e.Detail == "" {
			return
		}
		m.entries++
		e.Audit, e.Seq = a, m.entries
		m.audit = append(m.audit, e)
	}
}

// queueEntry is what the audit says of settings that take the place of others.
func queueEntry(was, is store.QueueInfo) store.AuditEntry {
	e := store.AuditEntry{Queue: is.Name}
	switch {
	case was == is:
		return store.AuditEntry{}
	case is.Paused && !was.Paused:
		e.Detail = "paused"
	case was.Paused && !is.Paused:
		e.Detail = "resumed"
	case was.Reason != is.Reason:
		e.Detail = fmt.Sprintf("reason %q", is.Reason)
	}
	return e
}

// newIDs are the jobs that were stored by an Enqueue.
func newIDs(answers []store.Enqueued) []store.ID {
	var ids []store.ID
	for _, a := range answers {
		if !a.Existing {
			ids = append(ids, a.ID)
		}
	}
	return ids
}

// compareAudit holds the whole audit, and that of one job, against the reference.
func (m *machine) compareAudit(t *rapid.T) {
	id := m.drawID(t)
	for _, req := range []store.AuditRequest{{Limit: 1000}, {Limit: 1000, Job: id}} {
		got, err := m.s.Audit(t.Context(), req)
		if err != nil {
			t.Fatalf("Audit: %v", err)
		}
		var want []store.AuditEntry
		for _, e := range m.audit {
			if req.Job.IsZero() || slices.Contains(e.Jobs, req.Job) {
				want = append(want, e)
			}
		}
		slices.Reverse(want)
		for i := range got {
			if at := got[i].At; at.Before(m.start) || at.After(m.s.Now()) {
				t.Fatalf("Audit: an entry is of %v", at)
			}
			got[i].At = time.Time{}
		}
		agree(t, "Audit", want, got, nil)
	}
}
