package admin

import (
	"context"
	"net/http"
	"slices"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

var actRoutes = []route{
	{pattern: "POST /v1/jobs/act", change: true, handle: (*Server).act},
	{pattern: "POST /v1/jobs/{id}/{action}", change: true, handle: (*Server).actOnJob},
}

// act does something to jobs that are named.
func (s *Server) act(w http.ResponseWriter, r *http.Request) error {
	var a wire.Act
	if err := queryOf(r).end(); err != nil {
		return err
	}
	if err := decode(r, &a); err != nil {
		return err
	}
	switch {
	case len(a.IDs) == 0:
		return wire.NewProblem(wire.CodeBadRequest, "name the jobs in ids", "it is not said which jobs are meant")
	case len(a.IDs) > maxNamed:
		return wire.NewProblem(wire.CodeTooLarge, "POST /v1/operations is for many", "there are %d ids, and %d are the most", len(a.IDs), maxNamed)
	}
	done, err := s.acted(s.audit(r, a.Action, a.Reason, ""), &a)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, done)
}

// actOnJob does something to the job in the path.
func (s *Server) actOnJob(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	action := r.PathValue("action")
	if actions[action] == nil {
		return nothingAt(r)
	}
	reason, err := reasonOf(r)
	if err != nil {
		return err
	}
	return s.actOnOne(w, r, action, id, reason)
}

// deleteJob deletes the job in the path.
func (s *Server) deleteJob(w http.ResponseWriter, r *http.Request) error {
	id, err := idOnly(r)
	if err != nil {
		return err
	}
	return s.actOnOne(w, r, wire.ActionDelete, id, "")
}

// actOnOne does something to a job, which must be there.
func (s *Server) actOnOne(w http.ResponseWriter, r *http.Request, action string, id store.ID, reason string) error {
	done, err := s.acted(s.audit(r, action, reason, ""), &wire.Act{Action: action, IDs: []store.ID{id}, Reason: reason})
	switch {
	case err != nil:
		return err
	case len(done.Missing) > 0:
		return wire.NewProblem(wire.CodeNotFound, "it was never there, or was pruned or deleted", "there is no job %s", id)
	case len(done.Refused) > 0 && r.Method == http.MethodDelete:
		return wire.NewProblem(wire.CodeRunning, "wait until it has ended, or cancel it", "job %s is %s", id, done.Refused[0].State)
	}
	return writeJSON(w, http.StatusOK, done)
}

// acted carries out an action on jobs that are named, and says what it did. To name a job twice is to name it.
func (s *Server) acted(ctx context.Context, a *wire.Act) (*wire.Acted, error) {
	do, err := actionNamed(a.Action)
	if err != nil {
		return nil, err
	}
	seen := make(map[store.ID]bool, len(a.IDs))
	ids := slices.DeleteFunc(slices.Clone(a.IDs), func(id store.ID) bool {
		twice := seen[id]
		seen[id] = true
		return twice
	})
	changed, err := do.order(ctx, s.cfg.Queue, a.Reason, ids)
	if err != nil {
		return nil, refused(err)
	}
	v := &wire.Acted{
		Action: a.Action, Asked: int64(len(ids)), Done: int64(len(changed.Done)),
		Refused: []wire.Refusal{}, Missing: append([]store.ID{}, changed.Missing...),
	}
	for _, refusal := range changed.Refused {
		v.Refused = append(v.Refused, wire.Refusal(refusal))
	}
	return v, nil
}
