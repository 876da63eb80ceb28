package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/store"
)

var queueRoutes = []route{
	{pattern: "GET /v1/queues", handle: (*Server).listQueues},
	{pattern: "GET /v1/queues/{name}", handle: (*Server).getQueue},
	{pattern: "PATCH /v1/queues/{name}", change: true, handle: (*Server).changeQueue},
	{pattern: "POST /v1/queues/{name}/pause", change: true, handle: (*Server).pauseQueue},
	{pattern: "POST /v1/queues/{name}/resume", change: true, handle: (*Server).resumeQueue},
}

// listQueues answers with all queues.
func (s *Server) listQueues(w http.ResponseWriter, r *http.Request) error {
	if err := queryOf(r).end(); err != nil {
		return err
	}
	all, err := s.counters(r.Context())
	if err != nil {
		return err
	}
	recent, err := s.lastHour(r.Context())
	if err != nil {
		return err
	}
	v, err := s.viewQueues(r.Context(), all, recent, all.names())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Queues{Queues: v})
}

// getQueue answers with one of them.
func (s *Server) getQueue(w http.ResponseWriter, r *http.Request) error {
	if err := queryOf(r).end(); err != nil {
		return err
	}
	return s.answerQueue(w, r, r.PathValue("name"), false)
}

// answerQueue answers with a queue. One that has neither jobs nor settings nor workers is there only for who has
// just put its settings.
func (s *Server) answerQueue(w http.ResponseWriter, r *http.Request, name string, put bool) error {
	all, err := s.counters(r.Context())
	if err != nil {
		return err
	}
	if all.queues[name] == nil && !put {
		return wire.NewProblem(wire.CodeNotFound, "GET /v1/queues lists those that there are", "there is no queue %.300q: it has neither jobs nor settings, and nobody works on it", name)
	}
	all.at(name)
	recent, err := s.lastHour(r.Context())
	if err != nil {
		return err
	}
	v, err := s.viewQueues(r.Context(), all, recent, []string{name})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, v[0])
}

// viewQueues shows queues.
func (s *Server) viewQueues(ctx context.Context, all *counters, recent *hour, names []string) ([]*wire.Queue, error) {
	lanes := map[string]executor.Lane{}
	if s.live() {
		for _, l := range s.cfg.Executor.Lanes() {
			lanes[l.Queue] = l
		}
	}
	oldest, err := s.oldest(ctx, names)
	if err != nil {
		return nil, err
	}
	views := make([]*wire.Queue, len(names))
	for i, name := range names {
		q := all.queues[name]
		v := &wire.Queue{
			Name: name, Paused: q.Paused, Reason: q.Reason, Workers: q.Workers, Rate: q.Rate, Counts: byState(q.counts),
		}
		if q.Paused {
			v.Since = wire.TimeOrNil(q.Since)
			if q.By != (store.Actor{}) {
				v.PausedBy = &q.By
			}
		}
		lane, served := lanes[name]
		v.Served, v.WorkersLive, v.Busy = served, lane.Workers, lane.Running
		v.Recent, v.DonePerMinute = recent.recent(name)
		v.OldestAt = wire.TimeOrNil(oldest[name])
		views[i] = v
	}
	return views, nil
}

// oldest returns since when the first available job of each queue waits.
func (s *Server) oldest(ctx context.Context, names []string) (map[string]time.Time, error) {
	backlog, ok := s.cfg.Queue.Store().(store.Backlog)
	if !ok {
		return nil, nil
	}
	return backlog.Oldest(ctx, names)
}
