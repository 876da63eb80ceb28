package bgclient

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// The kinds that the client uses itself.
const (
	kindFunc  = "func"        // jobs of InvokeFunc, and the queue they stand in
	kindBatch = "parallelise" // members of Parallelise
)

// Task is a registered function: the durable handle by which it is called.
type Task[A, R any] struct {
	caller  Caller
	kind    string
	options []InvokeOption
}

// Register makes fn the handler of a kind, and returns the handle to call it by.
//
// kind is what a stored job finds its function by after a restart: choose it once
// and keep it. fn runs at least once for each job. A is stored as msgpack, and so is R;
// struct tags `msgpack` are honoured, and then `json`. options apply to every call.
func Register[A, R any](c *Client, kind string, fn func(ctx context.Context, a A) (R, error), options ...InvokeOption) (*Task[A, R], error) {
	if fn == nil {
		return nil, fmt.Errorf("Register %q: the function is nil", kind)
	}
	if kind == kindFunc || kind == kindBatch || kind == "" {
		return nil, fmt.Errorf("Register: a kind cannot be called %q: choose another name", kind)
	}
	t := &Task[A, R]{caller: c, kind: kind, options: options}
	job, settings, err := t.settings()
	if err != nil {
		return nil, fmt.Errorf("Register %q: %w", kind, err)
	}
	handler := c.wrap(func(ctx context.Context, job *store.Job) (store.Value, error) {
		a, err := decode[A](job.Args, "the stored arguments of job "+job.ID.String())
		if err != nil {
			return nil, executor.Permanent(err)
		}
		r, err := fn(ctx, a)
		if err != nil {
			return nil, err
		}
		return encodeResult(r)
	})
	if err := c.exec.Handle(kind, handler, executor.HandlerOptions{Backoff: settings.backoff}); err != nil {
		return nil, err
	}
	if job.Queue != "" {
		if err := c.serve(job.Queue); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// RegisterProc is Register for a procedure, a function without a result.
func RegisterProc[A any](c *Client, kind string, proc func(ctx context.Context, a A) error, options ...InvokeOption) (*Task[A, None], error) {
	if proc == nil {
		return nil, fmt.Errorf("RegisterProc %q: the procedure is nil", kind)
	}
	return Register(c, kind, func(ctx context.Context, a A) (None, error) { return None{}, proc(ctx, a) }, options...)
}

// encodeResult turns a result into bytes. That it cannot be encoded is nothing that
// another attempt would mend.
func encodeResult[R any](r R) (store.Value, error) {
	v, err := encode(r)
	if err != nil {
		return nil, executor.Permanent(fmt.Errorf("the result cannot be stored: %w", err))
	}
	return v, nil
}

// Kind returns the name the task is registered under.
func (t *Task[A, R]) Kind() string { return t.kind }

// Invoke calls the function in the background, once: a failure is final unless
// [MaxAttempts] allows more. When it returns nil the call is on disk, and will run even if
// the process is killed now. Arguments that cannot be encoded are an error here.
func (t *Task[A, R]) Invoke(ctx context.Context, a A, options ...InvokeOption) (*Invocation[R], error) {
	return t.call(ctx, a, 1, options)
}

// Enqueue is Invoke with the patience of a queue: a job that fails is tried up to 25
// times, with growing waits between.
func (t *Task[A, R]) Enqueue(ctx context.Context, a A, options ...InvokeOption) (*Invocation[R], error) {
	return t.call(ctx, a, queue.DefaultMaxAttempts, options)
}

// InvokeTx is Invoke as a part of the caller's own transaction on the same file, see
// [Client.Update]: the job is there if and only if the transaction commits.
func (t *Task[A, R]) InvokeTx(tx *bbolt.Tx, a A, options ...InvokeOption) (*Invocation[R], error) {
	c, ok := t.caller.(*Client)
	if !ok {
		return nil, fmt.Errorf("invoke %q: a transaction belongs to the program that has the file open: use Invoke", t.kind)
	}
	n, err := t.describe(a, 1, options)
	if err != nil {
		return nil, err
	}
	job, err := c.q.Prepare(n)
	if err != nil {
		return nil, err
	}
	stored, err := c.store.EnqueueTx(tx, []store.Job{job})
	if err != nil {
		return nil, err
	}
	if e := stored[0]; e.Existing && e.ID != job.ID && n.Unique.Conflict == queue.Refuse {
		return nil, &queue.DuplicateError{Key: n.Unique.Key, Holder: e.ID}
	}
	return &Invocation[R]{caller: c, id: stored[0].ID}, nil
}

// Attach returns the invocation with the given id, in this process or in one after
// a restart. [ErrNotFound] if there is none.
func (t *Task[A, R]) Attach(ctx context.Context, id store.ID) (*Invocation[R], error) {
	return attach[R](ctx, t.caller, id)
}

func (t *Task[A, R]) call(ctx context.Context, a A, attempts int, options []InvokeOption) (*Invocation[R], error) {
	n, err := t.describe(a, attempts, options)
	if err != nil {
		return nil, err
	}
	id, err := t.caller.enqueue(ctx, n)
	if err != nil {
		return nil, err
	}
	return &Invocation[R]{caller: t.caller, id: id}, nil
}

// settings reads the options that the task was made with.
func (t *Task[A, R]) settings() (n queue.NewJob, settings taskSettings, err error) {
	for _, o := range t.options {
		if err := o.forInvoke(&n, &settings); err != nil {
			return n, settings, err
		}
	}
	return n, settings, nil
}

func (t *Task[A, R]) describe(a A, attempts int, options []InvokeOption) (queue.NewJob, error) {
	n, _, err := t.settings()
	if err != nil {
		return n, err
	}
	n.Kind = t.kind
	if n.MaxAttempts == 0 {
		n.MaxAttempts = attempts
	}
	for _, o := range options {
		if err := o.forInvoke(&n, nil); err != nil {
			return n, fmt.Errorf("invoke %q: %w", t.kind, err)
		}
	}
	v, err := encode(a)
	if err != nil {
		return n, fmt.Errorf("invoke %q: the arguments cannot be stored: %w", t.kind, err)
	}
	n.Args = v
	return n, nil
}
