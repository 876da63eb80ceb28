package admin

import (
	"math"
	"net/http"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

var auditRoutes = []route{
	{pattern: "GET /v1/audit", handle: (*Server).auditTrail},
}

// auditJobs is how many jobs of an entry are named.
const auditJobs = 100

// auditTrail answers with a page of what was asked for by whom, newest first.
func (s *Server) auditTrail(w http.ResponseWriter, r *http.Request) error {
	q := queryOf(r)
	req := store.AuditRequest{
		Job:    q.id("job"),
		Before: uint64(q.number("before", 0, 0, math.MaxInt64)),
		Limit:  int(q.number("limit", 100, 1, maxPage)),
	}
	if err := q.end(); err != nil {
		return err
	}
	entries, err := s.cfg.Queue.Store().Audit(r.Context(), req)
	if err != nil {
		return err
	}
	v := wire.Audit{Entries: make([]wire.AuditEntry, len(entries))}
	for i := range entries {
		v.Entries[i] = viewAudit(&entries[i])
	}
	if n := len(entries); n > 0 { // a page can end early, so only another look tells whether it was the last
		req.Before, req.Limit = entries[n-1].Seq, 1
		more, err := s.cfg.Queue.Store().Audit(r.Context(), req)
		if err != nil {
			return err
		}
		if len(more) > 0 {
			v.Next = req.Before
		}
	}
	return writeJSON(w, http.StatusOK, v)
}

func viewAudit(e *store.AuditEntry) wire.AuditEntry {
	return wire.AuditEntry{
		Seq: e.Seq, At: e.At, By: e.Actor, Verb: e.Verb, Reason: e.Reason, Operation: e.Operation, Filter: e.Filter,
		Queue: e.Queue, Batch: e.Batch, Detail: e.Detail,
		Jobs: len(e.Jobs), JobIDs: append([]store.ID{}, e.Jobs[:min(len(e.Jobs), auditJobs)]...),
	}
}
