package admin

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// logs answers with lines of the log of a job. With wait it waits for the first one, unless the job has ended.
func (s *Server) logs(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	q := queryOf(r)
	after := q.number("after", 0, 0, math.MaxInt64)
	limit := int(q.number("limit", 200, 1, maxPage))
	wait := q.duration("wait", 0, 0, maxWait)
	if err := q.end(); err != nil {
		return err
	}
	v, err := s.logsOf(r.Context(), id, after, limit)
	if err == nil && wait > 0 && len(v.Lines) == 0 && !v.State.Final() {
		v, err = s.awaitLogs(r.Context(), id, after, limit, wait)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, v)
}

// logsOf reads lines. The state is read before them: when the job has ended, they are all there.
func (s *Server) logsOf(ctx context.Context, id store.ID, after int64, limit int) (*wire.Logs, error) {
	job, err := s.cfg.Queue.Get(ctx, id, store.HeadOnly)
	if err != nil {
		return nil, err
	}
	lines, err := s.cfg.Queue.Store().Logs(ctx, id, after, limit+1)
	if err != nil {
		return nil, err
	}
	v := &wire.Logs{ID: id, State: job.State, Lines: []store.LogLine{}, Next: after}
	if v.More = len(lines) > limit; v.More {
		lines = lines[:limit]
	}
	if len(lines) > 0 {
		v.Lines, v.Next = lines, lines[len(lines)-1].Seq
	}
	return v, nil
}

// awaitLogs reads lines until there is one, the job has ended, or the time is over.
func (s *Server) awaitLogs(ctx context.Context, id store.ID, after int64, limit int, most time.Duration) (*wire.Logs, error) {
	hints, stop := s.cfg.Queue.Store().Watch(store.Topic{What: store.OnLog, ID: id}, store.Topic{What: store.OnJob, ID: id})
	defer stop()
	timer := time.NewTimer(most)
	defer timer.Stop()
	for {
		v, err := s.logsOf(ctx, id, after, limit)
		if err != nil || len(v.Lines) > 0 || v.State.Final() {
			return v, err
		}
		select {
		case <-hints:
		case <-timer.C:
			return v, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// stack answers with what the goroutines of a running job are doing.
func (s *Server) stack(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := queryOf(r).end(); err != nil {
		return err
	}
	job, err := s.cfg.Queue.Get(r.Context(), id, store.HeadOnly)
	if err != nil {
		return err
	}
	if s.cfg.Executor == nil {
		return wire.NewProblem(wire.CodeNotLive, "start the program that runs its jobs", "job %s does not run: no program works on the queue", id)
	}
	text, ok := s.cfg.Executor.Stack(id)
	if !ok {
		p := wire.NewProblem(wire.CodeNotFound, "only a running job has a stack; ask why: GET /v1/jobs/"+id.String()+"/why", "job %s is %s: it has no stack", id, job.State)
		p.State = job.State.String()
		return p
	}
	return writeJSON(w, http.StatusOK, wire.Stack{ID: id, Stack: text})
}
