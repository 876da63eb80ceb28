package bgclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/socket"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// Remote is a queue that another program on this machine has open: jobs can be enqueued into it, waited
// for and read, with the same handles as in that program. They run there.
//
//	r, err := bgclient.Dial(ctx, "app.db")
//	resize, err := bgclient.Declare[Resize, Thumb](r, "resize")
//	thumb, err := resize.Invoke(ctx, Resize{"cat.jpg", 200})
//
// Its methods, and those of what is made with it, may be called from any goroutine.
type Remote struct {
	path string
	api  *client.Client
}

var (
	_ Caller = (*Client)(nil)
	_ Caller = (*Remote)(nil)
)

// ErrNotServed says that no program serves the file: none runs, or it was opened with [WithoutSocket].
var ErrNotServed = errors.New("no program serves the queue")

// Dial finds the program that has the file at path open, through the socket beside the
// file. [ErrNotServed] if there is none. Connections are made as they are needed, so a Remote
// outlives restarts of the program. Close it in the end.
func Dial(ctx context.Context, path string) (*Remote, error) {
	r := &Remote{path: path, api: client.New(socket.Transport(path), socketURL)}
	if _, err := r.api.Info(ctx); err != nil {
		r.Close()
		return nil, r.explain(err)
	}
	return r, nil
}

// DialURL is Dial for an API that is mounted in the program's own HTTP server, at that address, with the token of
// its [admin.Access], or "".
func DialURL(ctx context.Context, url, token string) (*Remote, error) {
	r := &Remote{path: url, api: client.New(http.DefaultTransport.(*http.Transport).Clone(), url)}
	if token != "" {
		r.api.Header = http.Header{"Authorization": {"Bearer " + token}}
	}
	if _, err := r.api.Info(ctx); err != nil {
		r.Close()
		return nil, r.explain(err)
	}
	return r, nil
}

// socketURL is the address of every API behind a socket.
const socketURL = "http://bgq"

// Close lets connections go. Jobs are not touched.
func (r *Remote) Close() { r.api.Close() }

// API returns the client of the whole admin API, for looking into the queue and acting on it.
func (r *Remote) API() *client.Client { return r.api }

// Declare names a function that the other program has registered, and returns the handle to
// call it by. Nothing is checked: A and R must be those it was registered with, and a job of a
// kind that is not registered waits for it.
func Declare[A, R any](r *Remote, kind string, options ...InvokeOption) (*Task[A, R], error) {
	if kind == "" || kind == kindFunc || kind == kindBatch {
		return nil, fmt.Errorf("Declare: no function has the kind %q", kind)
	}
	t := &Task[A, R]{caller: r, kind: kind, options: options}
	if _, _, err := t.settings(); err != nil {
		return nil, fmt.Errorf("Declare %q: %w", kind, err)
	}
	return t, nil
}

// The first and the longest pause before a program that has gone is looked for again.
const (
	firstPause = 50 * time.Millisecond
	maxPause   = time.Second
)

// again calls fn until it reached the program, and returns what it returned then. Where the
// program cannot be reached, or others are in the way, it tries until ctx ends or patience is over; 0 is no limit. The patience is with
// a program that has gone, not with one that is slow: it counts from the first try that has failed.
func (r *Remote) again(ctx context.Context, patience time.Duration, fn func() error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var gone time.Time
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := fn()
		if gone.IsZero() {
			gone = time.Now()
		}
		if !unreachable(err) && !crowded(err) || ctx.Err() != nil || patience > 0 && time.Since(gone) >= patience {
			return r.explain(err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// unreachable tells whether an error says nothing about the job: the program is not there, or has
// gone, or is about to go, or does not come to accepting connections.
func unreachable(err error) bool {
	if err == nil {
		return false
	}
	p, answered := errors.AsType[*wire.Problem](err)
	return !answered || p.Code == wire.CodeClosed
}

// crowded tells whether others are in the way at this moment.
func crowded(err error) bool {
	p, answered := errors.AsType[*wire.Problem](err)
	return answered && p.Code == wire.CodeTooMany
}

// restart is how long a call waits for a program that restarts.
const restart = 2 * time.Second

func (r *Remote) enqueue(ctx context.Context, n queue.NewJob) (store.ID, error) {
	if n.ID.IsZero() {
		n.ID = store.NewID() // so that it can be repeated when the answer is lost
	}
	job := newJob(&n)
	lost := false // an answer
	var stored []wire.EnqueuedJob
	err := r.again(ctx, restart, func() (err error) {
		stored, err = r.api.Enqueue(ctx, "", job)
		lost = (lost || !notSent(err)) && (unreachable(err) || err != nil && ctx.Err() != nil)
		return err
	})
	switch {
	case err == nil && len(stored) != 1:
		return store.ID{}, fmt.Errorf("%s: the program answered with %d jobs to one", r.path, len(stored))
	case err == nil:
		return stored[0].ID, nil
	case lost:
		return store.ID{}, fmt.Errorf("job %s: %w: %w", n.ID, store.ErrUnknown, err)
	}
	if d, ok := errors.AsType[*queue.DuplicateError](err); ok {
		d.Key = n.Unique.Key
	}
	return store.ID{}, err
}

// notSent tells whether a request cannot have reached a program.
func notSent(err error) bool {
	return errors.Is(err, socket.ErrNone) || errors.Is(err, socket.ErrStale)
}

// newJob is a job as the API takes it.
func newJob(n *queue.NewJob) wire.NewJob {
	w := wire.NewJob{
		ID: n.ID, Kind: n.Kind, Queue: n.Queue, ArgsMsgpack: n.Args, Priority: n.Priority,
		RunAt: wire.TimeOrNil(n.RunAt), Hold: n.Hold, MaxAttempts: n.MaxAttempts, MaxRecoveries: n.MaxRecoveries,
		Unique: n.Unique.Key, Tags: n.Tags, Trace: n.Trace,
		UniqueUntil: map[store.Until]string{store.UntilFinal: "", store.UntilStart: "start", store.UntilDeleted: "deleted"}[n.Unique.Until],
	}
	if n.Timeout > 0 {
		w.TimeoutMS = max(1, n.Timeout.Milliseconds())
	}
	if n.Unique.Conflict == queue.Refuse {
		w.OnConflict = "refuse"
	}
	return w
}

func (r *Remote) get(ctx context.Context, id store.ID, _ store.Parts) (*store.Job, error) {
	var j *wire.Job
	err := r.again(ctx, restart, func() (err error) {
		j, err = r.api.Job(ctx, id, client.Msgpack)
		return err
	})
	if err != nil {
		return nil, err
	}
	return j.Record(), nil
}

// longPoll is how long one request waits for the end of a job.
const longPoll = 30 * time.Second

func (r *Remote) wait(ctx context.Context, id store.ID) (*store.Job, error) {
	for {
		var j *wire.Job
		err := r.again(ctx, 0, func() (err error) {
			j, err = r.api.Wait(ctx, id, longPoll, client.Msgpack)
			return err
		})
		switch {
		case err != nil:
			return nil, err
		case j.State.Final():
			return j.Record(), nil
		}
	}
}

func (r *Remote) cancel(ctx context.Context, id store.ID) (bool, error) {
	var done *wire.Acted
	err := r.again(ctx, restart, func() (err error) {
		done, err = r.api.Act(ctx, wire.Act{Action: wire.ActionCancel, IDs: []store.ID{id}})
		return err
	})
	switch {
	case err != nil:
		return false, err
	case len(done.Missing) > 0:
		return false, fmt.Errorf("job %s: %w", id, ErrNotFound)
	}
	return done.Done > 0, nil
}

// cause knows nothing: the error lives in another process.
func (r *Remote) cause(store.Ref) error { return nil }

// problems maps codes to the errors that a Client returns for the same.
var problems = map[wire.Code]error{
	wire.CodeNotFound: store.ErrNotFound, wire.CodeNoSpace: store.ErrNoSpace, wire.CodeTooLarge: store.ErrTooLarge,
	wire.CodeUnknown: store.ErrUnknown, wire.CodeDamaged: store.ErrCorrupt, wire.CodeReadOnly: store.ErrReadOnly,
	wire.CodeRunning: store.ErrRunning,
}

// explain turns an error of the API into one that a Client would return.
func (r *Remote) explain(err error) error {
	if err == nil {
		return nil
	}
	if notSent(err) {
		return fmt.Errorf("%w: %w: start it, or open the file itself", ErrNotServed, err)
	}
	p, ok := errors.AsType[*wire.Problem](err)
	if !ok {
		return err
	}
	if p.Code == wire.CodeDuplicate {
		if id, perr := store.ParseID(p.Holder); perr == nil {
			return &queue.DuplicateError{Holder: id}
		}
	}
	if is := problems[p.Code]; is != nil {
		return &remoteError{problem: p, is: is}
	}
	return p
}

// remoteError is a problem that also matches the error of the store that it stands for.
type remoteError struct {
	problem *wire.Problem
	is      error
}

// Error returns what happened.
func (e *remoteError) Error() string { return e.problem.Error() }

// Unwrap returns both.
func (e *remoteError) Unwrap() []error { return []error{e.problem, e.is} }
