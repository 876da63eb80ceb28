package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

var batchRoutes = []route{
	{pattern: "GET /v1/batches", handle: (*Server).listBatches},
	{pattern: "GET /v1/batches/{name}", handle: (*Server).getBatch},
	{pattern: "DELETE /v1/batches/{name}", change: true, handle: (*Server).deleteBatch},
}

// listBatches answers with all batches.
func (s *Server) listBatches(w http.ResponseWriter, r *http.Request) error {
	if err := queryOf(r).end(); err != nil {
		return err
	}
	all, err := s.cfg.Queue.Batches(r.Context())
	if err != nil {
		return err
	}
	v := wire.Batches{Batches: make([]*wire.Batch, len(all))}
	for i := range all {
		v.Batches[i] = viewBatch(&all[i])
	}
	return writeJSON(w, http.StatusOK, v)
}

// getBatch answers with one of them.
func (s *Server) getBatch(w http.ResponseWriter, r *http.Request) error {
	q := queryOf(r)
	raw := q.oneOf("values", "msgpack") != ""
	if err := q.end(); err != nil {
		return err
	}
	b, err := s.cfg.Queue.Batch(r.Context(), r.PathValue("name"))
	if err != nil {
		return noBatch(r, err)
	}
	v := viewBatch(&b)
	if raw {
		v.InfoMsgpack = b.Info
	}
	return writeJSON(w, http.StatusOK, v)
}

// deleteBatch deletes a batch with its members, chunk by chunk. It refuses while one of them is running.
func (s *Server) deleteBatch(w http.ResponseWriter, r *http.Request) error {
	if err := queryOf(r).end(); err != nil {
		return err
	}
	ctx := s.audit(r, wire.ActionDelete, "", "")
	for more := true; more; {
		err := context.Cause(s.life) // what is deleted stays so
		if err == nil {
			more, err = s.cfg.Queue.Store().DeleteBatch(ctx, r.PathValue("name"), chunk)
		}
		if err != nil {
			return noBatch(r, err)
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func noBatch(r *http.Request, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return wire.NewProblem(wire.CodeNotFound, "GET /v1/batches lists those that there are", "there is no batch %.300q", r.PathValue("name"))
	}
	return err
}

// viewBatch shows a batch.
func viewBatch(b *queue.BatchStatus) *wire.Batch {
	return &wire.Batch{
		Name: b.Name, Kind: b.Kind, Queue: b.Queue, State: b.State(), CreatedAt: wire.TimeOrNil(b.CreatedAt),
		Total: b.Size(), Done: b.Finalised(), Counts: byState(b.Counts),
	}
}
