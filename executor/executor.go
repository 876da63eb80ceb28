package executor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// Handler runs one attempt of a job and returns its result as a msgpack value. The
// context ends when the job's timeout passes, when the job is cancelled, and when the
// executor stops; [context.Cause] tells which. A returned error fails the attempt;
// [Permanent], [RetryAfter], [Snooze] and [Cancel] say what shall become of the job.
// A panic fails the attempt too, with its stack.
//
// A job runs at least once: a handler must be able to meet its own traces.
type Handler func(ctx context.Context, job *store.Job) (store.Value, error)

// HandlerOptions belong to the handler of one kind.
type HandlerOptions struct {
	// Backoff replaces the policy of the queue for this kind, unless nil.
	Backoff *queue.Backoff
	// Quiet leaves failed attempts out of the log: somebody else reports them.
	Quiet bool
}

// Config holds what an [Executor] needs besides its queue. The zero value is the default.
type Config struct {
	// Logger receives failures as warnings, and starts and ends at debug level. Default: none.
	Logger *zap.Logger
	// JobLog is the level from which on lines that handlers write, see [Logger], are kept in
	// the log of their job. Of one attempt the first 64 KiB are kept, stored within about a second, and
	// the last 16 KiB, stored with its outcome; of one line 16 KiB. Default: info. [NoJobLog] keeps none.
	JobLog zapcore.LevelEnabler
	// Grace is how long Stop waits for running handlers before it cancels their
	// contexts (default 10 s), Abandon how long it then waits for them to return
	// (default 5 s). Negative: not at all.
	Grace, Abandon time.Duration
	// Finished is called after the outcome of an attempt is durable, from one
	// goroutine, in the order of the commits. It must not block. applied is false
	// where the job was cancelled or taken away: then nothing was recorded.
	Finished func(job *store.Job, a queue.Attempt, applied bool)
}

// DefaultSlots is the number of jobs of a queue that run at once unless said otherwise:
// max(1, 80 % of GOMAXPROCS).
func DefaultSlots() int { return max(1, runtime.GOMAXPROCS(0)*4/5) }

// Executor runs jobs. Its methods may be called from any goroutine.
type Executor struct {
	q   *queue.Queue
	cfg Config
	log *zap.Logger

	mu sync.Mutex // guards everything below
	// phase goes up only.
	phase      phase
	handlers   map[string]handler
	kinds      []string // of the handlers, sorted; replaced as a whole
	lanes      map[string]*lane
	settings   map[string]store.QueueInfo // what an operator has set, by queue; replaced as a whole
	attempts   map[store.ID]*attempt      // claimed and not yet released: in a slot or in stock
	settled    []*attempt                 // ended, not yet recorded
	writing    int                        // being recorded at this moment
	suspects   bool                       // the last claim saw suspects: run them alone first
	claiming   time.Duration              // how long the last claim took that did not wait
	choked     bool                       // outcomes cannot be recorded: start nothing
	controls   int                        // how often the controller has looked
	noted      map[*attempt]struct{}      // whose notes are to be stored while they run
	notesTimer *time.Timer                // calls notesDue; nil at first
	notesSet   bool                       // the timer is running
	noting     bool                       // it is time to store notes
	// unclaim ends the claim that stands in the store; nil when none does.
	unclaim context.CancelFunc
	idle    chan struct{} // closed by changed; nil while nobody waits for it

	wake   chan struct{} // one slot: the dispatcher should plan again
	work   chan struct{} // one slot: the completer has work
	look   chan struct{} // one slot: the controller should look again
	jobs   context.Context
	cancel context.CancelCauseFunc // of jobs
	stop   context.CancelFunc      // of the four single goroutines, but the completer
	loops  sync.WaitGroup
	ready  chan struct{} // closed when the settings of the queues have been read
	ended  chan struct{} // closed when the completer has returned
	flush  chan struct{} // closed to ask the completer to return when it has nothing left

	draining chan struct{} // closed when the phase goes beyond phaseRunning
}

type phase uint8

const (
	phaseNew phase = iota
	phaseRunning
	phaseDraining // no more claims
	phaseStopping // Stop has been called
	phaseStopped
)

type handler struct {
	fn      Handler
	options HandlerOptions
}

// ErrStopped says that the executor was stopped before the call.
var ErrStopped = errors.New("the executor is stopped")

// New returns an executor for the jobs of q. It serves no queue and knows no kind yet.
func New(q *queue.Queue, cfg Config) (*Executor, error) {
	if q == nil {
		return nil, errors.New("executor: no queue")
	}
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	if cfg.JobLog == nil {
		cfg.JobLog = zapcore.InfoLevel
	}
	if cfg.Grace == 0 {
		cfg.Grace = 10 * time.Second
	}
	if cfg.Abandon == 0 {
		cfg.Abandon = 5 * time.Second
	}
	return &Executor{
		q: q, cfg: cfg, log: cfg.Logger,
		handlers: map[string]handler{},
		lanes:    map[string]*lane{},
		attempts: map[store.ID]*attempt{},
		noted:    map[*attempt]struct{}{},
		wake:     make(chan struct{}, 1),
		work:     make(chan struct{}, 1),
		look:     make(chan struct{}, 1),
		ready:    make(chan struct{}),
		ended:    make(chan struct{}),
		flush:    make(chan struct{}),
		draining: make(chan struct{}),
	}, nil
}

// Handle registers the handler of a kind, before or after Start. A kind has one handler.
func (e *Executor) Handle(kind string, h Handler, o HandlerOptions) error {
	if kind == "" || h == nil {
		return errors.New("executor: a handler needs a kind and a function")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, taken := e.handlers[kind]; taken {
		return fmt.Errorf("kind %q has a handler already: a kind names one function", kind)
	}
	e.handlers[kind] = handler{fn: h, options: o}
	e.kinds = slices.Sorted(maps.Keys(e.handlers))
	e.replan()
	return nil
}

// Serve runs up to slots jobs of a queue at once. It may be called again, also
// while running, to change the number; with 0 no further job of the queue is started. What an
// operator has set for the queue goes before: its Workers, see [store.QueueInfo], replace slots.
func (e *Executor) Serve(name string, slots int) error {
	if name == "" || slots < 0 {
		return fmt.Errorf("executor: cannot serve queue %q with %d slots: give a name, and 0 or more slots", name, slots)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lanes[name]
	if l == nil {
		l = &lane{queue: name}
		e.lanes[name] = l
	}
	l.configured, l.leaving = slots, false
	e.heed(l)
	e.replan()
	return nil
}

// Unserve starts no further job of a queue, gives back what was claimed and has not
// begun, and waits until what runs has ended and is recorded, or ctx ends.
func (e *Executor) Unserve(ctx context.Context, name string) error {
	e.mu.Lock()
	l := e.lanes[name]
	if l == nil {
		e.mu.Unlock()
		return nil
	}
	l.leaving = true
	e.heed(l)
	e.replan()
	for l.pending > 0 || l.asked > 0 {
		idle := e.change()
		e.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
			return fmt.Errorf("queue %q still has running jobs: %w", name, context.Cause(ctx))
		case <-e.ended:
			return nil
		}
		e.mu.Lock()
	}
	if e.lanes[name] == l && l.leaving {
		delete(e.lanes, name)
	}
	e.mu.Unlock()
	return nil
}

// Draining returns a channel that is closed when no further job will be started: the
// context given to Start has ended, or Stop was called.
func (e *Executor) Draining() <-chan struct{} { return e.draining }

// Start begins to run jobs. When ctx ends no further job is started, and running
// ones go on until [Executor.Stop], which must be called in any case. The contexts of
// handlers carry the values of ctx.
func (e *Executor) Start(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.phase == phaseRunning:
		return errors.New("the executor is running already")
	case e.phase > phaseRunning:
		return ErrStopped
	}
	e.phase = phaseRunning
	e.suspects = true // look for them before anything else is started
	values := context.WithoutCancel(ctx)
	e.jobs, e.cancel = context.WithCancelCause(values)
	loops, stop := context.WithCancel(values)
	e.stop = stop
	detach := context.AfterFunc(ctx, e.drain)
	context.AfterFunc(loops, func() { detach() })

	e.loops.Go(func() { e.dispatch(loops) })
	e.loops.Go(func() { e.keep(loops) })
	e.loops.Go(func() { e.control(loops) })
	go e.complete()
	return nil
}

// drain ends claiming for good.
func (e *Executor) drain() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.drainLocked()
}

// drainLocked is drain for who has e.mu.
func (e *Executor) drainLocked() {
	if e.phase < phaseDraining {
		e.phase = phaseDraining
		close(e.draining)
		e.emptyStocks()
		e.replan()
	}
}

// replan makes the dispatcher look again. It needs e.mu.
func (e *Executor) replan() {
	if e.unclaim != nil {
		e.unclaim()
	}
	poke(e.wake)
}

// poke puts a signal into a channel of one slot.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// change returns a channel that is closed when next an attempt is released or
// recorded, or a claim has ended. It needs e.mu.
func (e *Executor) change() <-chan struct{} {
	if e.idle == nil {
		e.idle = make(chan struct{})
	}
	return e.idle
}

// changed wakes those who wait for a change. It needs e.mu.
func (e *Executor) changed() {
	if e.idle != nil {
		close(e.idle)
		e.idle = nil
	}
}
