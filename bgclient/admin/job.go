package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// jobDetailRoutes are about one job.
var jobDetailRoutes = []route{
	{pattern: "GET /v1/jobs/{id}/result", handle: (*Server).getResult},
	{pattern: "GET /v1/jobs/{id}/failures", handle: (*Server).getFailures},
	{pattern: "GET /v1/jobs/{id}/wait", handle: (*Server).waitJob},
	{pattern: "GET /v1/jobs/{id}/why", handle: (*Server).getWhy},
}

// getJob answers with a whole job.
func (s *Server) getJob(w http.ResponseWriter, r *http.Request) error {
	id, raw, err := idAndValues(r)
	if err != nil {
		return err
	}
	return s.answerJob(w, r, id, raw)
}

// idAndValues reads which job is meant, and how its values are wanted.
func idAndValues(r *http.Request) (id store.ID, raw bool, err error) {
	q := queryOf(r)
	raw = rawOf(q)
	if err := q.end(); err != nil {
		return id, raw, err
	}
	id, err = pathID(r)
	return id, raw, err
}

func (s *Server) answerJob(w http.ResponseWriter, r *http.Request, id store.ID, raw bool) error {
	release, err := s.reserve(r.Context())
	if err != nil {
		return err
	}
	defer release()
	j, err := s.cfg.Queue.Get(r.Context(), id, wire.ViewParts)
	if err != nil {
		return err
	}
	view := wire.ViewJob
	if raw {
		view = wire.ViewJobRaw
	}
	v := view(j)
	if sizeOf(v) <= smallAnswer {
		release()
	}
	return writeJSON(w, http.StatusOK, v)
}

// getResult answers with the result of a completed job.
func (s *Server) getResult(w http.ResponseWriter, r *http.Request) error {
	id, raw, err := idAndValues(r)
	if err != nil {
		return err
	}
	release, err := s.reserve(r.Context())
	if err != nil {
		return err
	}
	defer release()
	j, err := s.cfg.Queue.Get(r.Context(), id, store.PartResult|store.PartFailures)
	if err != nil {
		return err
	}
	if err := noResult(j); err != nil {
		return err
	}
	v := wire.Result{ID: id, Result: wire.ValueJSON(j.Result)}
	if raw {
		v.Result, v.ResultMsgpack = []byte("null"), j.Result
	}
	if len(v.Result)+len(v.ResultMsgpack) <= smallAnswer {
		release()
	}
	return writeJSON(w, http.StatusOK, v)
}

// noResult says why a job has no result, unless it has one.
func noResult(j *store.Job) error {
	problem := func(code wire.Code, hint, format string, args ...any) error {
		p := wire.NewProblem(code, hint, "job %s "+format, append([]any{j.ID}, args...)...)
		p.State = j.State.String()
		return p
	}
	switch {
	case j.State == store.Completed:
		return nil
	case !j.State.Final():
		return problem(wire.CodeNotFinished, "wait for it, or ask why it does not run", "has not finished: it is %s", j.State)
	case j.State == store.Cancelled && j.Reason != "":
		return problem(wire.CodeJobCancelled, "retry runs it after all", "was cancelled: %s", j.Reason)
	case j.State == store.Cancelled:
		return problem(wire.CodeJobCancelled, "retry runs it after all", "was cancelled")
	case len(j.Failures) > 0:
		return problem(wire.CodeJobFailed, "its failures say more; retry runs it again", "failed: %s", j.Failures[len(j.Failures)-1].Message)
	}
	return problem(wire.CodeJobFailed, "its failures say more; retry runs it again", "failed")
}

// getFailures answers with all failures of a job.
func (s *Server) getFailures(w http.ResponseWriter, r *http.Request) error {
	id, err := idOnly(r)
	if err != nil {
		return err
	}
	j, err := s.cfg.Queue.Get(r.Context(), id, store.PartFailures)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Failures{ID: id, Failures: append([]store.Failure{}, j.Failures...)})
}

// idOnly reads which job is meant by a request that says no more.
func idOnly(r *http.Request) (store.ID, error) {
	if err := queryOf(r).end(); err != nil {
		return store.ID{}, err
	}
	return pathID(r)
}

// waitJob answers with a job when it has ended, or the client has waited long enough. Where nothing is live
// that is at once: nobody will end it.
func (s *Server) waitJob(w http.ResponseWriter, r *http.Request) error {
	q := queryOf(r)
	timeout := q.duration("timeout", maxWait, 0, maxWait)
	raw := rawOf(q)
	if err := q.end(); err != nil {
		return err
	}
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if s.live() {
		if err := s.awaitJob(r.Context(), id, timeout); err != nil {
			return err
		}
	}
	return s.answerJob(w, r, id, raw)
}

// awaitJob returns when the job has ended or the time is over.
func (s *Server) awaitJob(ctx context.Context, id store.ID, timeout time.Duration) error {
	hints, stop := s.cfg.Queue.Store().Watch(store.Topic{What: store.OnJob, ID: id})
	defer stop()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		j, err := s.cfg.Queue.Get(ctx, id, store.HeadOnly)
		if err != nil || j.State.Final() {
			return err
		}
		select {
		case <-hints:
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// getWhy explains a job.
func (s *Server) getWhy(w http.ResponseWriter, r *http.Request) error {
	id, err := idOnly(r)
	if err != nil {
		return err
	}
	e, err := s.cfg.Queue.Why(r.Context(), id, s.circumstances())
	if err != nil {
		return err
	}
	v := wire.Why{Job: wire.ViewJob(e.Job), Because: e.Because, Remedies: []wire.Remedy{}}
	for _, remedy := range e.Remedies {
		v.Remedies = append(v.Remedies, wire.Remedy{Action: string(remedy.Do), Why: remedy.Why})
	}
	return writeJSON(w, http.StatusOK, v)
}

// circumstances are what the program does that works on the queue, if there is one.
func (s *Server) circumstances() queue.Circumstances {
	if !s.live() {
		return queue.Circumstances{}
	}
	c := queue.Circumstances{Live: true, Kinds: append([]string{}, s.cfg.Executor.Kinds()...), Served: map[string]int{}}
	for _, l := range s.cfg.Executor.Lanes() {
		if workers, ok := s.cfg.Executor.Serves(l.Queue); ok {
			c.Served[l.Queue] = workers
		}
	}
	return c
}
