package bgclient

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// ErrThreadClosed: the thread was closed before the call.
var ErrThreadClosed = errors.New("the thread is closed")

// Thread is one background thread for one function: its invocations run one after
// the other, and it has one place for arguments and one for a result, as
// Python's BgThread. Both are durable: arguments that were not taken and a result that
// was not consumed are there again when [NewThread] is called with the same name after a restart.
type Thread[A, R any] struct {
	c     *Client
	task  *Task[A, R]
	name  string
	batch store.Batch
	key   string // the unique key of the pending arguments

	invoking chan struct{} // holds a token: one Invoke at a time
	news     *broadcast
	closing  chan struct{}
	once     sync.Once
	closeErr error
	next     int64 // index of the next invocation; whoever has the token owns it
}

// NewThread opens the thread of the given name. A name belongs to one function, and
// is open once at a time.
func NewThread[A, R any](task *Task[A, R], name string) (*Thread[A, R], error) {
	if name == "" {
		return nil, errors.New("NewThread: the name is empty: it is what a later process finds the thread by")
	}
	c, ok := task.caller.(*Client)
	if !ok {
		return nil, fmt.Errorf("NewThread %q: a thread belongs to the program that has the file open", name)
	}
	full := "thread:" + name
	batch, _, err := c.q.OpenBatch(context.Background(), queue.BatchSpec{Name: full, Kind: task.kind})
	if err != nil {
		return nil, fmt.Errorf("NewThread %q: %w", name, err)
	}
	t := &Thread[A, R]{
		c: c, task: task, name: name, batch: batch, key: full, next: batch.Next,
		invoking: make(chan struct{}, 1), news: newBroadcast(), closing: make(chan struct{}),
	}
	heard := func(*store.Job, queue.Attempt, bool) { t.news.send() }
	if err := c.join(full, &group{finished: heard}); err != nil {
		return nil, fmt.Errorf("NewThread: %w", err)
	}
	if err := c.exec.Serve(batch.Queue, 1); err != nil {
		return nil, errors.Join(err, t.Close(context.Background()))
	}
	return t, nil
}

// Invoke waits until the arguments of the last call have been taken, stores a, and
// returns: the call is on disk. After an error nothing is stored, unless it matches
// [store.ErrUnknown]: ctx has ended in the middle of the writing.
func (t *Thread[A, R]) Invoke(ctx context.Context, a A) error {
	select {
	case t.invoking <- struct{}{}:
		defer func() { <-t.invoking }()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.closing:
		return t.closedError()
	}
	n, err := t.task.describe(a, 1, nil)
	if err != nil {
		return err
	}
	// First: an error below must mean that nothing was stored.
	if err := t.dropUnread(ctx); err != nil {
		return err
	}
	n.Queue, n.Batch, n.Kept = t.batch.Queue, t.batch.Name, true
	n.Unique = queue.Unique{Key: t.key, Until: store.UntilStart}
	for {
		select {
		case <-t.closing:
			return t.closedError()
		default:
		}
		n.ID, n.Index = t.batch.Base.Member(t.next), t.next
		stored, err := t.c.q.Enqueue(ctx, n)
		if err != nil {
			return err
		}
		switch e := stored[0]; {
		case !e.Existing:
			t.next++
			return nil
		case e.ID == n.ID:
			// Of a call that ended with ErrUnknown, and was stored after all.
			t.next++
		default:
			if err := t.awaitTaken(ctx, e.ID); err != nil {
				return err
			}
		}
	}
}

// awaitTaken waits until the arguments of a job are no longer pending.
func (t *Thread[A, R]) awaitTaken(ctx context.Context, id store.ID) error {
	c := t.c
	hints, stop := c.store.Watch(store.Topic{What: store.OnJob, ID: id})
	defer stop()
	for {
		j, err := c.q.Get(ctx, id, store.HeadOnly)
		switch {
		case errors.Is(err, ErrNotFound):
			return nil
		case err != nil:
			return err
		case j.Claim > 0 || j.State.Final():
			return nil
		}
		select {
		case <-hints:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.closing:
			return t.closedError()
		case <-c.closed:
			return ErrClosed
		}
	}
}

// IsRunning tells whether an invocation has not ended yet.
func (t *Thread[A, R]) IsRunning() bool {
	rows, err := t.c.q.Count(context.Background(), store.Filter{
		Queues: []string{t.batch.Queue}, States: store.EveryState &^ store.FinalStates,
	})
	return err == nil && queue.Total(rows) > 0
}

// Result returns the current result and consumes it; if that has been consumed, or
// there is none yet, it waits for the next one. A failure is consumed likewise, as
// the *[BgException] that it returns. A newer result takes the place of an unread one.
func (t *Thread[A, R]) Result(ctx context.Context) (R, error) {
	var zero R
	// Arguments that are cancelled while they wait end without having been run.
	control, stop := t.c.store.Watch(store.Topic{What: store.OnControl})
	defer stop()
	for {
		news := t.news.wait()
		j, older, err := t.newest(ctx)
		if err != nil {
			return zero, err
		}
		if j != nil {
			changed, err := t.c.q.Consume(ctx, append(older, j.ID)...)
			if err != nil {
				return zero, err
			}
			if n := len(changed.Done); n > 0 && changed.Done[n-1] == j.ID {
				return resultOf[R](t.c, j)
			}
			continue // another caller was faster
		}
		select {
		case <-news:
		case <-control:
		case <-ctx.Done():
			return zero, context.Cause(ctx)
		case <-t.closing:
			return zero, t.closedError()
		case <-t.c.closed:
			return zero, ErrClosed
		}
	}
}

// recent is how many of the latest invocations can matter: one runs, one waits, one
// has the result, and a few that are unread and older.
const recent = 16

// newest returns the latest invocation that has ended, unless it is consumed, and
// the ids of older ones that are not.
func (t *Thread[A, R]) newest(ctx context.Context) (*store.Job, []store.ID, error) {
	page, err := t.c.q.List(ctx, store.ListRequest{
		Filter: store.Filter{Batches: []string{t.batch.Name}}, Limit: recent,
		Parts: store.PartResult | store.PartFailures,
	})
	if err != nil {
		return nil, nil, err
	}
	var newest *store.Job
	var older []store.ID
	for i := range page.Jobs {
		j := &page.Jobs[i]
		switch {
		case !j.State.Final():
		case newest == nil && j.Consumed:
			return nil, nil, nil
		case newest == nil:
			newest = j
		case !j.Consumed:
			older = append(older, j.ID)
		}
	}
	return newest, older, nil
}

// dropUnread gives up results whose place a newer one has taken.
func (t *Thread[A, R]) dropUnread(ctx context.Context) error {
	_, older, err := t.newest(ctx)
	if err == nil && len(older) > 0 {
		_, err = t.c.q.Consume(ctx, older...)
	}
	return err
}

// Close waits for the invocation that runs, if ctx lets it, and closes the thread.
// Arguments that were not taken and a result that was not consumed stay for the next
// [NewThread].
func (t *Thread[A, R]) Close(ctx context.Context) error {
	t.once.Do(func() {
		close(t.closing)
		t.closeErr = t.c.exec.Unserve(ctx, t.batch.Queue)
		t.c.leave(t.batch.Name)
	})
	return t.closeErr
}

func (t *Thread[A, R]) closedError() error {
	return fmt.Errorf("thread %q: %w", t.name, ErrThreadClosed)
}

// broadcast wakes everybody who waits.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

func newBroadcast() *broadcast { return &broadcast{ch: make(chan struct{})} }

// wait returns a channel that is closed by the next send.
func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ch
}

func (b *broadcast) send() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.ch)
	b.ch = make(chan struct{})
}
