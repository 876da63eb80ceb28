package bgclient

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// OnException says what [Parallelise] does about a failed index.
type OnException uint8

// What to do about a failure.
const (
	// Raise hands out no more work after the first failure, lets what runs finish, and
	// returns an error. The default.
	Raise OnException = iota
	// Warn logs each failure as a warning and goes on. It needs a logger.
	Warn
)

// batchSettings are the options of one Parallelise.
type batchSettings struct {
	threads     int
	on          OnException
	log         *zap.Logger
	progress    func(Progress)
	fingerprint string
	retryFailed bool
	failed      *[]int
	item        queue.NewJob // options of each member
}

// NumThreads sets how many items run at once. Default: max(1, 80 % of GOMAXPROCS).
func NumThreads(n int) BatchOption {
	return batchOption(func(b *batchSettings) error {
		if n < 1 {
			return fmt.Errorf("NumThreads: %d: give 1 or more", n)
		}
		b.threads = n
		return nil
	})
}

// OnBgException chooses between [Raise] and [Warn].
func OnBgException(on OnException) BatchOption {
	return batchOption(func(b *batchSettings) error {
		if on > Warn {
			return fmt.Errorf("OnBgException: %d is neither Raise nor Warn", on)
		}
		b.on = on
		return nil
	})
}

// BatchLogger replaces the logger of the client for this batch: for its warnings,
// and for what the function gets from [Logger].
func BatchLogger(log *zap.Logger) BatchOption {
	return batchOption(func(b *batchSettings) error {
		if log == nil {
			return errors.New("BatchLogger: the logger is nil")
		}
		b.log = log
		return nil
	})
}

// OnProgress calls fn with the latest numbers after items have ended, from one
// goroutine, and one last time at the end. When fn is slow, calls are left out.
func OnProgress(fn func(Progress)) BatchOption {
	return batchOption(func(b *batchSettings) error {
		b.progress = fn
		return nil
	})
}

// Fingerprint guards the contents: the batch of the same name can only be resumed
// with the same text, for example a digest of the inputs.
func Fingerprint(text string) BatchOption {
	return batchOption(func(b *batchSettings) error {
		b.fingerprint = text
		return nil
	})
}

// RetryFailed also runs the indexes again that failed in an earlier run.
func RetryFailed() BatchOption {
	return batchOption(func(b *batchSettings) error {
		b.retryFailed = true
		return nil
	})
}

// FailedIndexes stores the failed indexes, ascending, into *to when [Parallelise] returns.
func FailedIndexes(to *[]int) BatchOption {
	return batchOption(func(b *batchSettings) error {
		b.failed = to
		return nil
	})
}

// Progress is how far a batch is.
type Progress struct {
	Done    int // items that have ended, in this run and earlier, the failed ones included
	Failed  int // of them
	Total   int
	Elapsed time.Duration // of this run
	// ETA is the time that the rest will take at the rate of this run; 0 before
	// anything can be said.
	ETA time.Duration
}

// BatchError says which indexes of a batch failed. It unwraps to the *[BgException] of
// the lowest of them.
type BatchError struct {
	Batch  string
	Total  int
	Failed []int        // ascending
	Open   int          // indexes that have not been run to an end
	First  *BgException // of Failed[0]
	// Earlier tells that no index failed in this run: all failures are of earlier ones.
	Earlier bool
}

// Error counts the failures and shows the first.
func (e *BatchError) Error() string {
	text := fmt.Sprintf("batch %q: %d of %d failed", e.Batch, len(e.Failed), e.Total)
	if e.Earlier {
		text += " in an earlier run (RetryFailed runs them again)"
	}
	if e.Open > 0 {
		text += fmt.Sprintf(", %d not done yet", e.Open)
	}
	return fmt.Sprintf("%s; index %d: %v", text, e.Failed[0], e.First)
}

// Unwrap returns First.
func (e *BatchError) Unwrap() error { return e.First }

// Parallelise runs fn for each index from 0 to n-1, some at a time, and returns the n
// results in the order of the indexes. Each result is on disk before the item
// counts as done: killed in the middle and called again with the same name, it
// goes on with what is unfinished; a batch that is finished returns its stored
// results and runs nothing. Arguments are captured by fn, which is code, not data: the call after a
// restart must bring the same one.
//
// A failure is a returned error or a panic. With [Raise] the first one ends the
// handing out of work; what runs is finished and recorded, and the results so far
// are returned with a *[BatchError], from which errors.As gets the *[BgException] of the
// lowest failed index. With [Warn] each failure is logged and leaves the zero value
// in its place. An index that failed in an earlier run is not run again, unless [RetryFailed]
// asks for it: it counts as failed, and with Raise the error says so when all the rest is done.
//
// When ctx ends, the contexts of the running items end; they are not charged, and
// Parallelise returns the results so far and the context's error.
//
// The client must be started. n ≤ 0, or Warn without a logger, is an error; so is
// the name of a batch with another n or [Fingerprint], [ErrBatchMismatch]. Items are stored
// as they come up: memory grows with n only by the results.
func Parallelise[R any](ctx context.Context, c *Client, name string, n int, fn func(ctx context.Context, index int) (R, error), options ...BatchOption) ([]R, error) {
	s := batchSettings{threads: executor.DefaultSlots(), log: c.log, item: queue.NewJob{MaxAttempts: 1}}
	hasLogger := c.log.Core().Enabled(zap.WarnLevel)
	for _, o := range options {
		if err := o.forBatch(&s); err != nil {
			return nil, fmt.Errorf("parallelise %q: %w", name, err)
		}
	}
	switch {
	case n <= 0:
		return nil, fmt.Errorf("parallelise %q: n is %d: give 1 or more", name, n)
	case fn == nil:
		return nil, fmt.Errorf("parallelise %q: the function is nil", name)
	case s.on == Warn && s.log == c.log && !hasLogger:
		return nil, fmt.Errorf("parallelise %q: Warn needs a logger: give one to Open (WithLogger) or to this call (BatchLogger)", name)
	}
	results := make([]R, n)
	// live holds results that were returned and are not recorded yet.
	var live sync.Map
	p := &parallel{c: c, s: s, n: n}
	p.run = func(ctx context.Context, index int64) (store.Value, error) {
		r, err := fn(ctx, int(index))
		if err != nil {
			return nil, err
		}
		v, err := encodeResult(r)
		if err == nil {
			live.Store(index, r)
		}
		return v, err
	}
	p.recorded = func(index int64, ok bool) {
		r, _ := live.LoadAndDelete(index)
		if ok {
			results[index], _ = r.(R) // an R that is a nil interface stays the zero value
		}
	}
	p.stored = func(j *store.Job) (err error) {
		results[j.Index], err = resultOf[R](c, j)
		return err
	}
	err := p.parallelise(ctx, name)
	if s.failed != nil {
		*s.failed = p.failedIndexes()
	}
	if errors.Is(err, ErrBatchMismatch) || p.batch.Name == "" {
		return nil, err
	}
	return results, err
}

// parallel is one run of a batch, whatever the type of its results.
type parallel struct {
	c        *Client
	s        batchSettings
	n        int
	batch    store.Batch
	run      func(ctx context.Context, index int64) (store.Value, error)
	recorded func(index int64, ok bool)       // an attempt is on record; called one at a time
	stored   func(completed *store.Job) error // an earlier run has completed it

	ctx context.Context // of the caller
	eta eta

	mu       sync.Mutex
	done     int // final, in this run and earlier
	failed   map[int64]struct{}
	fresh    int // failures of this run
	lowest   int64
	first    *BgException // of lowest
	enqueued int64        // indexes below were enqueued
	news     chan struct{}
}

func (p *parallel) parallelise(ctx context.Context, name string) error {
	batch, created, err := p.c.q.OpenBatch(ctx, queue.BatchSpec{
		Name: name, Kind: kindBatch, Total: int64(p.n), Fingerprint: p.s.fingerprint,
	})
	if err != nil {
		return fmt.Errorf("parallelise: %w", err)
	}
	p.ctx, p.failed, p.lowest, p.news = ctx, map[int64]struct{}{}, math.MaxInt64, make(chan struct{}, 1)
	p.enqueued = batch.Next
	// One at a time in this process; bbolt's lock keeps out the others.
	if err := p.c.join(name, &group{run: p.runMember, finished: p.finished}); err != nil {
		return fmt.Errorf("parallelise: the batch %w", err)
	}
	defer p.c.leave(name)
	p.batch = batch
	if !created {
		if err := p.load(ctx); err != nil {
			return fmt.Errorf("parallelise %q: %w", name, err)
		}
	}
	if p.done < p.n {
		p.s.log.Info("parallelise", zap.String("batch", name), zap.Int("jobs", p.n), zap.Int("done", p.done), zap.Int("threads", p.s.threads))
		p.eta.start(p.c.now(), p.done)
		if err := p.work(ctx); err != nil {
			return fmt.Errorf("parallelise %q: %w", name, err)
		}
	}
	p.tellProgress()
	return p.verdict()
}

// load takes over what earlier runs have done.
func (p *parallel) load(ctx context.Context) error {
	req := store.ListRequest{
		Filter: store.Filter{Batches: []string{p.batch.Name}}, Ascending: true, Limit: 2000,
		Parts: store.PartResult | store.PartFailures,
	}
	for {
		page, err := p.c.q.List(ctx, req)
		if err != nil {
			return err
		}
		var again []store.ID
		for i := range page.Jobs {
			j := &page.Jobs[i]
			switch {
			case j.State == store.Completed:
				if err := p.stored(j); err != nil {
					return err
				}
				p.done++
			case j.State == store.Discarded && p.s.retryFailed:
				again = append(again, j.ID)
			case j.State.Final():
				p.done++
				p.fail(j, lastFailure(j), nil, false)
			}
		}
		if len(again) > 0 {
			if _, err := p.c.q.Retry(ctx, again...); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		req.Cursor = page.Next
	}
}

func lastFailure(j *store.Job) *store.Failure {
	if len(j.Failures) == 0 {
		return &store.Failure{Kind: store.FailError, Message: "the job is " + j.State.String() + ", and its failure is not on record", At: j.FinalisedAt}
	}
	return &j.Failures[len(j.Failures)-1]
}

const (
	// window is how many members may be enqueued ahead of those that have ended.
	window = 4096
	// chunk is the most members stored in one call. The first chunks are smaller, so
	// that the first item does not wait.
	chunk = 1024
)

// work serves the queue of the batch, and feeds it until all is done, a failure or
// the end of the context ends it.
func (p *parallel) work(ctx context.Context) error {
	control, stop := p.c.store.Watch(store.Topic{What: store.OnControl})
	defer stop()
	if err := p.c.exec.Serve(p.batch.Queue, p.s.threads); err != nil {
		return err
	}
	err := p.feed(ctx, control)
	// Whatever the reason: what runs must end, and be recorded, before the results are read.
	if stopped := p.c.exec.Unserve(context.WithoutCancel(ctx), p.batch.Queue); err == nil {
		err = stopped
	}
	return err
}

func (p *parallel) feed(ctx context.Context, control <-chan struct{}) error {
	size := int64(2 * p.s.threads)
	for {
		p.tellProgress()
		p.mu.Lock()
		done, next := p.done, p.enqueued
		halted := p.s.on == Raise && p.fresh > 0
		p.mu.Unlock()
		if done >= p.n || halted {
			return nil
		}
		if room := int64(done) + window - next; next < int64(p.n) && room >= size {
			last := min(next+size, int64(p.n))
			if err := p.enqueue(ctx, next, last); err != nil {
				return err
			}
			size = min(2*size, chunk)
			continue
		}
		select {
		case <-p.news:
		case <-control:
			// Somebody may have cancelled or deleted members that were waiting.
			if err := p.recount(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.c.closed:
			return ErrClosed
		}
	}
}

func (p *parallel) enqueue(ctx context.Context, from, to int64) error {
	jobs := make([]queue.NewJob, 0, to-from)
	for i := from; i < to; i++ {
		n := p.s.item
		n.ID, n.Index = p.batch.Base.Member(i), i
		n.Queue, n.Kind, n.Batch, n.Kept = p.batch.Queue, kindBatch, p.batch.Name, true
		jobs = append(jobs, n)
	}
	if _, err := p.c.q.Enqueue(ctx, jobs...); err != nil {
		return err
	}
	p.mu.Lock()
	p.enqueued = to
	p.mu.Unlock()
	return nil
}

// recount looks for members that ended without having been run here.
func (p *parallel) recount(ctx context.Context) error {
	status, err := p.c.q.Batch(ctx, p.batch.Name)
	if err != nil {
		return err
	}
	p.mu.Lock()
	done := p.done
	p.mu.Unlock()
	if int(status.Finalised()) <= done {
		return nil
	}
	filter := store.Filter{Batches: []string{p.batch.Name}, States: store.SetOf(store.Cancelled)}
	for j, err := range p.c.q.Jobs(ctx, filter, store.PartFailures) {
		if err != nil {
			return err
		}
		p.mu.Lock()
		if _, known := p.failed[j.Index]; !known {
			p.done++
			p.fail(j, lastFailure(j), nil, true)
		}
		p.mu.Unlock()
	}
	return nil
}

// runMember is the handler of the members of a batch that is running.
func (c *Client) runMember(ctx context.Context, job *store.Job) (store.Value, error) {
	c.mu.Lock()
	g := c.groups[job.Batch]
	c.mu.Unlock()
	if g == nil || g.run == nil {
		return nil, executor.Interrupt(errors.New("no Parallelise of this batch is running"))
	}
	return g.run(ctx, job)
}

func (p *parallel) runMember(ctx context.Context, job *store.Job) (store.Value, error) {
	if p.s.log != p.c.log {
		log := p.s.log.With(zap.Stringer("job", job.ID), zap.Int("attempt", job.Attempt))
		ctx = context.WithValue(ctx, loggerKey{}, log)
	}
	// The context of the caller ends the item as well.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.ctx, func() { cancel(context.Cause(p.ctx)) })()
	v, err := p.run(ctx, job.Index)
	if err != nil && p.ctx.Err() != nil {
		return nil, executor.Interrupt(err)
	}
	return v, err
}

// finished hears of every recorded attempt, one at a time.
func (p *parallel) finished(job *store.Job, a queue.Attempt, applied bool) {
	ok := applied && a.Verdict == queue.Succeeded
	p.recorded(job.Index, ok)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case ok:
		p.done++
	case !applied:
		// Cancelled while it ran, or deleted.
		if _, known := p.failed[job.Index]; !known {
			p.done++
			p.fail(job, &store.Failure{At: p.c.now(), Attempt: job.Attempt, Kind: store.FailCancelled, Message: "cancelled while it ran"}, nil, true)
		}
	case a.Verdict == queue.Hopeless, a.Verdict == queue.CalledOff,
		a.Verdict == queue.Failed && job.Attempt >= job.MaxAttempts:
		p.done++
		p.fail(job, a.Failure, a.Cause, true)
	}
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// fail notes a final failure. It needs p.mu, or to be alone.
func (p *parallel) fail(j *store.Job, f *store.Failure, live error, fresh bool) {
	p.failed[j.Index] = struct{}{}
	if fresh {
		p.fresh++
	}
	if p.s.on == Warn {
		p.s.log.Warn("item of a batch failed", zap.String("batch", p.batch.Name), zap.Int64("index", j.Index),
			zap.Stringer("job", j.ID), zap.String("failure", string(f.Kind)), zap.String("error", f.Message), zap.Bool("earlier_run", !fresh))
	}
	if j.Index < p.lowest {
		p.lowest, p.first = j.Index, newBgException(j, f, live)
	}
}

func (p *parallel) failedIndexes() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	failed := make([]int, 0, len(p.failed))
	for i := range p.failed {
		failed = append(failed, int(i))
	}
	slices.Sort(failed)
	return failed
}

func (p *parallel) verdict() error {
	failed := p.failedIndexes()
	if len(failed) == 0 || p.s.on == Warn {
		return nil
	}
	return &BatchError{
		Batch: p.batch.Name, Total: p.n, Failed: failed, Open: p.n - p.done,
		First: p.first, Earlier: p.fresh == 0,
	}
}

func (p *parallel) tellProgress() {
	if p.s.progress == nil {
		return
	}
	p.mu.Lock()
	now := Progress{Done: p.done, Failed: len(p.failed), Total: p.n}
	p.mu.Unlock()
	now.Elapsed, now.ETA = p.eta.at(p.c.now(), now.Done, p.n)
	p.s.progress(now)
}

// eta estimates the time left from the items that this run has done.
type eta struct {
	began time.Time
	first int
}

func (e *eta) start(now time.Time, done int) { e.began, e.first = now, done }

func (e *eta) at(now time.Time, done, total int) (elapsed, left time.Duration) {
	if e.began.IsZero() {
		return 0, 0
	}
	elapsed = now.Sub(e.began)
	if done > e.first {
		left = time.Duration(float64(elapsed) / float64(done-e.first) * float64(total-done))
	}
	return elapsed, left
}
