package bgclient

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// RunProc runs a procedure in the background; an error that it returns becomes a
// warning in the log. It is the client's own [ProcManager] that runs it: a closure does not
// survive a crash. For a procedure that does, see [Task.RunProc].
func RunProc(ctx context.Context, c *Client, proc func(ctx context.Context) error) error {
	return c.procs.Append(ctx, proc)
}

// RunProc calls the task and asks for no result: a failure becomes a warning in the
// log. The call is on disk, and runs again after a crash.
func (t *Task[A, R]) RunProc(ctx context.Context, a A, options ...InvokeOption) error {
	_, err := t.Invoke(ctx, a, options...)
	return err
}

// ErrManagerClosed: the manager was closed before the call.
var ErrManagerClosed = errors.New("the procedure manager is closed")

// ProcManager runs procedures in the background, as many at once as the client
// has workers for, and knows when all of them are done. Failures become warnings in the log of the
// client.
type ProcManager struct {
	c *Client

	mu     sync.Mutex
	open   int
	closed bool
	empty  chan struct{} // closed when open falls to 0; nil while nobody waits
}

// NewProcManager returns a manager with nothing to do.
func NewProcManager(c *Client) *ProcManager { return &ProcManager{c: c} }

// Append runs a procedure in the background. It is recorded, but a closure cannot be
// run again after a crash: use [AppendTask] for what must be done in any case.
func (m *ProcManager) Append(ctx context.Context, proc func(ctx context.Context) error, options ...InvokeOption) error {
	if proc == nil {
		return errors.New("ProcManager: the procedure is nil")
	}
	return m.add(func() (awaited, error) {
		return InvokeFunc(ctx, m.c, func(ctx context.Context) (None, error) { return None{}, proc(ctx) }, options...)
	})
}

// AppendTask runs a registered task with the manager m: it survives a crash.
func AppendTask[A, R any](ctx context.Context, m *ProcManager, t *Task[A, R], a A, options ...InvokeOption) error {
	return m.add(func() (awaited, error) { return t.Invoke(ctx, a, options...) })
}

// awaited is an invocation of any type.
type awaited interface {
	ended(ctx context.Context) error
}

// ended waits until the job has ended, however.
func (v *Invocation[R]) ended(ctx context.Context) error {
	_, err := v.Wait(ctx)
	return err
}

func (m *ProcManager) add(invoke func() (awaited, error)) error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return ErrManagerClosed
	}
	m.open++
	m.mu.Unlock()
	v, err := invoke()
	if err != nil {
		m.done()
		return err
	}
	// The goroutine ends with the job, or when the client is closed.
	go func() {
		defer m.done()
		_ = v.ended(context.Background()) // the executor has logged a failure
	}()
	return nil
}

func (m *ProcManager) done() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open--
	if m.open == 0 && m.empty != nil {
		close(m.empty)
		m.empty = nil
	}
}

// IsEmpty tells whether everything that was appended has ended.
func (m *ProcManager) IsEmpty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.open == 0
}

// WaitUntilEmpty waits until everything that was appended has ended.
func (m *ProcManager) WaitUntilEmpty(ctx context.Context) error {
	for {
		m.mu.Lock()
		if m.open == 0 {
			m.mu.Unlock()
			return nil
		}
		if m.empty == nil {
			m.empty = make(chan struct{})
		}
		empty := m.empty
		m.mu.Unlock()
		select {
		case <-empty:
		case <-ctx.Done():
			return fmt.Errorf("waiting for background procedures: %w", context.Cause(ctx))
		case <-m.c.closed:
			return ErrClosed
		}
	}
}

// Close refuses further procedures and waits until those that were appended have ended.
func (m *ProcManager) Close(ctx context.Context) error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	return m.WaitUntilEmpty(ctx)
}
