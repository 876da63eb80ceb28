package admin

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

var operationRoutes = []route{
	{pattern: "GET /v1/selection", handle: (*Server).selection},
	{pattern: "GET /v1/operations", handle: (*Server).listOperations},
	{pattern: "POST /v1/operations", change: true, handle: (*Server).startOperation},
	{pattern: "GET /v1/operations/{id}", handle: (*Server).getOperation},
	{pattern: "DELETE /v1/operations/{id}", change: true, handle: (*Server).stopOperation},
}

const (
	remembered = 100 // operations that have ended
	shown      = 10  // jobs that an operation names of those it could not change
)

// operations are those under way, and the last ones that have ended; with what else there may only be so many of.
type operations struct {
	s  *Server
	mu sync.Mutex
	// all are in the order in which they began.
	all []*operation

	// onFile is what is being done to the file as a whole: there can only be one such thing. Guarded by mu.
	onFile string

	streams atomic.Int32 // of events, that are open
	backup  sync.Mutex   // held by who makes and sends a copy of the file
}

func newOperations(s *Server) *operations { return &operations{s: s} }

// operation is work that goes on when the request that began it has been answered.
type operation struct {
	id     string
	onFile bool // it is about the file, not about jobs
	stop   context.CancelCauseFunc
	ended  chan struct{} // closed at the end

	mu   sync.Mutex
	view wire.Operation
}

// errStopped is why an operation ends that somebody has stopped.
var errStopped = errors.New("stopped")

// operationID draws an id: the time in milliseconds of a job's id, and the end of it, which differs within one.
func operationID() string {
	id := store.NewID().String()
	return "op_" + strings.ToLower(id[2:10]+id[22:])
}

// newOperation describes an operation that nobody carries out yet. as is who asked for it and why.
func newOperation(id, verb string, as *store.Audit) *operation {
	op := &operation{id: id, ended: make(chan struct{})}
	op.view = wire.Operation{
		ID: id, Action: verb, State: wire.OperationRunning, StartedAt: time.Now().UTC(),
		RefusedSample: []wire.Refusal{}, MissingSample: []store.ID{},
	}
	if as != nil {
		op.view.By, op.view.Reason = &as.Actor, as.Reason
	}
	return op
}

// start carries out an operation in a goroutine of its own. The context of the work ends when the operation
// is to stop; what it has begun then, it has to bring to an end.
func (o *operations) start(op *operation, work func(ctx context.Context) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := context.Cause(o.s.life); err != nil {
		return err
	}
	if err := o.admit(op); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(o.s.life)
	op.stop = stop
	o.all = append(o.all, op)
	o.s.busy.Go(func() {
		defer stop(nil)
		o.end(ctx, op, o.attempt(ctx, op, work))
	})
	return nil
}

// attempt does the work. That something is wrong in it must not end the program.
func (o *operations) attempt(ctx context.Context, op *operation, work func(ctx context.Context) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			o.s.log.Error("an operation has panicked", zap.String("operation", op.id), zap.Any("panic", v), zap.ByteString("stack", debug.Stack()))
			err = wire.NewProblem(wire.CodeInternal, "the log of the program says more", "a fault in the program: it has panicked")
		}
	}()
	return work(ctx)
}

// admit refuses an operation while others are in its way. It needs o.mu.
func (o *operations) admit(op *operation) error {
	if op.onFile {
		return o.claim(op.view.Action + " is under way (" + op.id + ")")
	}
	jobs := 0
	for _, other := range o.all {
		if !other.onFile && !other.over() {
			jobs++
		}
	}
	if jobs >= maxOperations {
		return wire.NewProblem(wire.CodeTooMany, "wait until one of them ends, or stop one", "%d operations are under way", jobs)
	}
	return nil
}

// claim takes the file for something that is done to it as a whole. It needs o.mu.
func (o *operations) claim(what string) error {
	if o.onFile != "" {
		return wire.NewProblem(wire.CodeBusy, "wait until that has ended", "%s", o.onFile)
	}
	o.onFile = what
	return nil
}

// end records how an operation has ended, and forgets the oldest of those that have.
func (o *operations) end(ctx context.Context, op *operation, err error) {
	op.mu.Lock()
	now := time.Now().UTC()
	op.view.EndedAt = &now
	switch {
	case err == nil:
		op.view.State = wire.OperationDone
	case ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))):
		op.view.State = wire.OperationStopped
	default:
		op.view.State, op.view.Error = wire.OperationFailed, problemOf(err)
		o.s.log.Warn("an operation has failed", zap.String("operation", op.id), zap.String("action", op.view.Action), zap.Error(err))
	}
	op.mu.Unlock()

	o.mu.Lock()
	defer o.mu.Unlock()
	if op.onFile {
		o.onFile = ""
	}
	close(op.ended)
	over := 0
	for _, op := range slices.Backward(o.all) {
		if op.over() {
			if over++; over > remembered {
				o.all = slices.DeleteFunc(o.all, func(other *operation) bool { return other == op })
			}
		}
	}
}

func (op *operation) over() bool {
	select {
	case <-op.ended:
		return true
	default:
		return false
	}
}

// snapshot returns how far the operation is.
func (op *operation) snapshot() *wire.Operation {
	op.mu.Lock()
	defer op.mu.Unlock()
	v := op.view
	v.RefusedSample, v.MissingSample = slices.Clone(v.RefusedSample), slices.Clone(v.MissingSample)
	return &v
}

// list returns the operations that are remembered, newest first.
func (o *operations) list(which func(*operation) bool) []*wire.Operation {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := []*wire.Operation{}
	for _, op := range slices.Backward(o.all) {
		if which(op) {
			all = append(all, op.snapshot())
		}
	}
	return all
}

// running returns the operations under way, newest first.
func (o *operations) running() []*wire.Operation {
	return o.list(func(op *operation) bool { return !op.over() })
}

// find returns an operation that is remembered.
func (o *operations) find(r *http.Request) (*operation, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	id := r.PathValue("id")
	for _, op := range o.all {
		if op.id == id {
			return op, nil
		}
	}
	return nil, wire.NewProblem(wire.CodeNotFound, "operations are remembered until the program ends, the last 100 of them", "there is no operation %.40q", id)
}

// listOperations answers with the operations that are remembered.
func (s *Server) listOperations(w http.ResponseWriter, r *http.Request) error {
	if err := queryOf(r).end(); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Operations{Operations: s.ops.list(func(*operation) bool { return true })})
}

// getOperation answers with one of them: at once, or when it has ended or the client has waited long enough.
func (s *Server) getOperation(w http.ResponseWriter, r *http.Request) error {
	q := queryOf(r)
	wait := q.duration("wait", 0, 0, maxWait)
	if err := q.end(); err != nil {
		return err
	}
	op, err := s.ops.find(r)
	if err != nil {
		return err
	}
	op.await(r.Context(), wait)
	return writeJSON(w, http.StatusOK, op.snapshot())
}

// stopOperation ends one of them. It answers when the chunk that is under way has been stored.
func (s *Server) stopOperation(w http.ResponseWriter, r *http.Request) error {
	if err := queryOf(r).end(); err != nil {
		return err
	}
	op, err := s.ops.find(r)
	if err != nil {
		return err
	}
	op.stop(errStopped)
	op.await(r.Context(), scanTime)
	return writeJSON(w, http.StatusOK, op.snapshot())
}

// await waits for the end of the operation, for so long at the most.
func (op *operation) await(ctx context.Context, most time.Duration) {
	if most <= 0 {
		return
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-op.ended:
	case <-timer.C:
	case <-ctx.Done():
	}
}
