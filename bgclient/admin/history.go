package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// jobInsightRoutes look into one job.
var jobInsightRoutes = []route{
	{pattern: "GET /v1/jobs/{id}/history", handle: (*Server).history},
	{pattern: "GET /v1/jobs/{id}/logs", handle: (*Server).logs},
	{pattern: "GET /v1/jobs/{id}/stack", handle: (*Server).stack},
}

// maxHistory is how many entries of the audit a history shows: the newest.
const maxHistory = 1000

// history tells what happened to a job: what is on record of it, and what was asked for by whom, also when
// the job itself is gone.
func (s *Server) history(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := queryOf(r).end(); err != nil {
		return err
	}
	release, err := s.reserve(r.Context())
	if err != nil {
		return err
	}
	defer release()
	job, err := s.cfg.Queue.Get(r.Context(), id, store.PartFailures)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	v := wire.History{ID: id, Events: []wire.HistoryEvent{}}
	trail, auditErr := s.trail(r.Context(), id)
	switch {
	case auditErr != nil:
		return auditErr
	case job != nil:
		v.Job = wire.ViewJob(job)
		v.Events = lifeOf(job)
	case len(trail) == 0:
		return err
	}
	v.Events = append(v.Events, trail...)
	// What somebody asked for comes before what the same commit made of it.
	slices.SortStableFunc(v.Events, func(a, b wire.HistoryEvent) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(rank(&a), rank(&b)))
	})
	return writeJSON(w, http.StatusOK, v)
}

func rank(e *wire.HistoryEvent) int {
	switch {
	case e.What == "created":
		return 0
	case e.By != nil:
		return 1
	}
	return 2
}

// trail returns what was done to a job on behalf of somebody, oldest first.
func (s *Server) trail(ctx context.Context, id store.ID) ([]wire.HistoryEvent, error) {
	var events []wire.HistoryEvent
	for req := (store.AuditRequest{Job: id}); len(events) < maxHistory; {
		req.Limit = maxHistory - len(events)
		entries, err := s.cfg.Queue.Store().Audit(ctx, req)
		if err != nil {
			return nil, err
		}
		if len(entries) == 0 {
			break
		}
		for i := range entries {
			e := &entries[i]
			events = append(events, wire.HistoryEvent{At: e.At, What: e.Verb, Text: e.Detail, By: &e.Actor, Reason: e.Reason})
		}
		req.Before = entries[len(entries)-1].Seq
	}
	slices.Reverse(events)
	return events, nil
}

// lifeOf tells what the record of a job says about its past: when an attempt began is only known of the last one.
func lifeOf(j *store.Job) []wire.HistoryEvent {
	var events []wire.HistoryEvent
	add := func(e wire.HistoryEvent) {
		if !e.At.IsZero() {
			events = append(events, e)
		}
	}
	add(wire.HistoryEvent{At: j.CreatedAt, What: "created", Text: "in queue " + j.Queue})
	add(wire.HistoryEvent{At: j.AttemptedAt, What: "attempted", Attempt: j.Attempt})
	for i := range j.Failures {
		f := &j.Failures[i]
		line, _, _ := strings.Cut(f.Message, "\n")
		add(wire.HistoryEvent{At: f.At, What: "failed", Attempt: f.Attempt, Text: fmt.Sprintf("%s: %s", f.Kind, line)})
	}
	text := j.State.String()
	if j.Reason != "" {
		text += ": " + j.Reason
	}
	add(wire.HistoryEvent{At: j.FinalisedAt, What: "finalised", Attempt: j.Attempt, Text: text})
	return events
}
