package bgclient

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/bgclient/admin"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// The errors of a client, besides those of a failed job, which are *[BgException].
var (
	// ErrNotFinished: the result is asked for before the job has ended.
	ErrNotFinished = errors.New("the job has not finished")
	// ErrCancelled: the job was cancelled, it has no result.
	ErrCancelled = executor.ErrCancelled
	// ErrNotFound: no such job; it was never there, or was pruned or deleted.
	ErrNotFound = store.ErrNotFound
	// ErrBatchMismatch: a batch of that name exists with another size or fingerprint.
	ErrBatchMismatch = store.ErrBatchMismatch
	// ErrClosed: the client is closed.
	ErrClosed = store.ErrClosed
)

// Client is a durable queue in one file, and the workers on it. Its methods, and
// those of what is made with it, may be called from any goroutine.
type Client struct {
	cfg    config
	log    *zap.Logger
	store  *boltstore.Store
	q      *queue.Queue
	exec   *executor.Executor
	admin  *admin.Server
	causes causes
	closed chan struct{} // closed when Close begins to close the store

	started atomic.Bool

	mu       sync.Mutex
	closures map[store.ID]closure // of InvokeFunc
	groups   map[string]*group    // by batch: running batches and open threads
	procs    *ProcManager         // of RunProc
	once     sync.Once
	closeErr error
	serving  sync.WaitGroup // of the socket
}

// group is who hears about the members of a batch.
type group struct {
	run      func(ctx context.Context, job *store.Job) (store.Value, error) // nil: the kind's own handler runs them
	finished func(job *store.Job, a queue.Attempt, applied bool)
}

// Open opens the file at path, or creates it, and finds out what a crash has left
// behind: what was running will run again when the client is started. It fails
// with [store.ErrLocked] when another process holds the file, with
// [store.ErrCorrupt] when the file is damaged, with [store.ErrForeign] when it is another kind of
// file. Close the client in any case.
func Open(path string, options ...Option) (*Client, error) {
	cfg := config{path: path, logger: zap.NewNop(), workers: executor.DefaultSlots(), queues: map[string]int{}}
	for _, o := range options {
		if err := o(&cfg); err != nil {
			return nil, fmt.Errorf("bgclient.Open %s: %w", path, err)
		}
	}
	st, err := boltstore.Open(path, boltstore.Options{
		LockTimeout: cfg.lockTimeout, MaxValue: cfg.maxValue, Adopt: cfg.adopt,
	})
	if err != nil {
		return nil, err
	}
	c, err := newClient(st, cfg)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return c, nil
}

func newClient(st *boltstore.Store, cfg config) (*Client, error) {
	c := &Client{
		cfg: cfg, log: cfg.logger, store: st,
		closed:   make(chan struct{}),
		closures: map[store.ID]closure{},
		groups:   map[string]*group{},
	}
	c.procs = &ProcManager{c: c}
	var err error
	if c.q, err = queue.New(st, cfg.queue); err != nil {
		return nil, err
	}
	c.exec, err = executor.New(c.q, executor.Config{Logger: cfg.logger, JobLog: cfg.jobLog, Grace: cfg.grace, Finished: c.finished})
	if err != nil {
		return nil, err
	}
	if err := c.exec.Handle(kindFunc, c.wrap(c.runClosure), executor.HandlerOptions{}); err != nil {
		return nil, err
	}
	if err := c.exec.Handle(kindBatch, c.wrap(c.runMember), executor.HandlerOptions{Quiet: true}); err != nil {
		return nil, err
	}
	for _, name := range []string{queue.DefaultQueue, kindFunc} {
		if err := c.serve(name); err != nil {
			return nil, err
		}
	}
	for name := range cfg.queues {
		if err := c.serve(name); err != nil {
			return nil, err
		}
	}
	found, err := c.q.Recover(context.Background(), kindFunc)
	if err != nil {
		return nil, err
	}
	if found != (queue.Recovered{}) {
		c.log.Warn("the last process did not close the file",
			zap.Int("run_again", found.Again), zap.Int("crash_loop", found.Convicted), zap.Int("functions_lost", found.Abandoned))
	}
	return c, c.openAdmin()
}

// serve works on a queue with the workers that were configured for it.
func (c *Client) serve(name string) error {
	workers, ok := c.cfg.queues[name]
	if !ok {
		workers = c.cfg.workers
	}
	return c.exec.Serve(name, workers)
}

// Start begins to work. Handlers may be registered before and after, in any order:
// jobs of a kind without a handler wait. When ctx ends no further job is started; what
// runs goes on until Close. Values of ctx reach the handlers.
func (c *Client) Start(ctx context.Context) error {
	if err := c.exec.Start(ctx); err != nil {
		return err
	}
	c.started.Store(true)
	return nil
}

// Close stops and closes, in phases: no further job is started; running handlers
// get the grace ([WithGrace]), less if ctx ends; then their contexts end, and what is
// still deaf 5 s later is left alone and will run again, as an
// *[executor.AbandonedError] says. No interrupted attempt is charged, no finished
// result is lost. Further calls return the same.
func (c *Client) Close(ctx context.Context) error {
	c.once.Do(func() {
		err := c.exec.Stop(ctx)
		close(c.closed)
		// The socket goes before the lock does: whoever has the lock next makes one of its own.
		err = errors.Join(err, c.admin.Close(ctx))
		c.serving.Wait()
		c.closeErr = errors.Join(err, c.store.Close())
	})
	return c.closeErr
}

// Queue returns the queue below, for looking into it and for acting on jobs: List,
// Count, Cancel, Retry, Pause, ….
func (c *Client) Queue() *queue.Queue { return c.q }

// Update runs fn in a transaction of the file, for applications that keep buckets
// of their own in it (see [WithAdopt] and [Task.InvokeTx]). fn may run more than once, and
// must not call other methods of the client.
func (c *Client) Update(ctx context.Context, fn func(tx *bbolt.Tx) error) error {
	return c.store.Update(ctx, fn)
}

// finished is told by the executor about every outcome that is durable.
func (c *Client) finished(job *store.Job, a queue.Attempt, applied bool) {
	c.mu.Lock()
	g := c.groups[job.Batch]
	final := !applied || a.Verdict == queue.Succeeded || a.Verdict == queue.Hopeless || a.Verdict == queue.CalledOff ||
		a.Verdict == queue.Failed && job.Attempt >= job.MaxAttempts
	if final && job.Kind == kindFunc {
		delete(c.closures, job.ID)
	}
	c.mu.Unlock()
	if job.Batch != "" && g != nil {
		g.finished(job, a, applied)
	}
}

// join registers who hears about a batch. There is one at a time.
func (c *Client) join(batch string, g *group) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.groups[batch] != nil {
		return fmt.Errorf("%q is in use in this process already", batch)
	}
	c.groups[batch] = g
	return nil
}

func (c *Client) leave(batch string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.groups, batch)
}

// clientKey is the key of the client in the contexts of handlers.
type clientKey struct{}

// wrap puts the client into the context of a handler, and remembers the live error.
func (c *Client) wrap(fn executor.Handler) executor.Handler {
	return func(ctx context.Context, job *store.Job) (store.Value, error) {
		v, err := fn(context.WithValue(ctx, clientKey{}, c), job)
		if err != nil {
			c.causes.put(job.Ref(), err)
		}
		return v, err
	}
}

// FromContext returns the client that runs the handler of ctx, or nil outside a handler.
func FromContext(ctx context.Context) *Client {
	c, _ := ctx.Value(clientKey{}).(*Client)
	return c
}

// Job returns the record of the job that the handler of ctx works on, as it was
// claimed, or nil outside a handler. It must not be changed.
func Job(ctx context.Context) *store.Job { return executor.Job(ctx) }

// Permanent, RetryAfter, Cancel and Snooze are returned by handlers to say what
// shall become of the job, see package executor.
var (
	Permanent  = executor.Permanent
	RetryAfter = executor.RetryAfter
	Cancel     = executor.Cancel
	Snooze     = executor.Snooze
)

// causes remembers the live errors of the latest failures, so that errors.As can
// reach them as long as the process lives. It is a ring: a failure that is asked for much
// later is read from the store, as text and types.
type causes struct {
	mu   sync.Mutex
	ring [1024]cause
	next int
}

type cause struct {
	ref store.Ref
	err error
}

func (c *causes) put(ref store.Ref, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ring[c.next] = cause{ref, err}
	c.next = (c.next + 1) % len(c.ring)
}

func (c *causes) get(ref store.Ref) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.ring {
		if c.ring[i].ref == ref {
			return c.ring[i].err
		}
	}
	return nil
}

// now is the clock for what people see; records are stamped by the store.
func (c *Client) now() time.Time { return c.store.Now() }
