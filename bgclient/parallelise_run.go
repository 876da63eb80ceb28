package bgclient

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// parallel is one run of a batch, whatever the type of its results.
type parallel struct {
	c        *Client
	s        batchSettings
	n        int
	batch    store.Batch
	run      func(ctx context.Context, member *store.Job) (store.Value, error)
	recorded func(member *store.Job, ok bool) // an attempt is on record; called one at a time
	stored   func(completed *store.Job) error // an earlier run has completed it

	ctx context.Context // of the caller
	eta eta

	mu       sync.Mutex
	ended    []uint64 // a bit for each index that has ended, in this run or earlier
	done     int      // the number of these
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
	p.ended = make([]uint64, (p.n+63)/64)
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
		if !p.c.started.Load() {
			return fmt.Errorf("parallelise %q: the client is not started: call Start before", name)
		}
		p.s.log.Info("parallelise", zap.String("batch", name), zap.Int("jobs", p.n), zap.Int("done", p.done), zap.Int("threads", p.s.threads))
		p.eta.start(p.c.now(), p.done)
		if err := p.work(ctx); err != nil {
			p.tellProgress()
			return fmt.Errorf("parallelise %q: %w", name, err)
		}
	}
	p.tellProgress()
	return p.verdict(ctx)
}

// load takes over what earlier runs have done. A member that was deleted since is
// one that was never run.
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
			if err := p.enqueue(ctx, p.enqueued, j.Index); err != nil {
				return err
			}
			p.enqueued = j.Index + 1
			switch {
			case j.State == store.Completed:
				if err := p.stored(j); err != nil {
					return err
				}
				p.succeed(j.Index)
			case j.State == store.Discarded && p.s.retryFailed:
				again = append(again, j.ID)
			case j.State.Final():
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
			p.mu.Lock()
			p.enqueued = last
			p.mu.Unlock()
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
		case <-p.c.exec.Draining():
			return fmt.Errorf("the client starts no further items, since Start's context has ended or Close was called: %w", ErrClosed)
		}
	}
}

// enqueue stores the members of a range of indexes.
func (p *parallel) enqueue(ctx context.Context, from, to int64) error {
	for ; from < to; from += chunk {
		jobs := make([]queue.NewJob, 0, min(to-from, chunk))
		for i := from; i < min(from+chunk, to); i++ {
			n := p.s.item
			n.ID, n.Index = p.batch.Base.Member(i), i
			n.Queue, n.Kind, n.Batch, n.Kept = p.batch.Queue, kindBatch, p.batch.Name, true
			jobs = append(jobs, n)
		}
		if _, err := p.c.q.Enqueue(ctx, jobs...); err != nil {
			return err
		}
	}
	return nil
}

// recount looks for members that ended without having been run here: somebody has
// cancelled or deleted them.
func (p *parallel) recount(ctx context.Context) error {
	p.mu.Lock()
	open := p.enqueued - int64(p.done)
	p.mu.Unlock()
	status, err := p.c.q.Batch(ctx, p.batch.Name)
	if err != nil {
		return err
	}
	waiting := -status.Finalised()
	for _, n := range status.Counts {
		waiting += n
	}
	if waiting >= open {
		return nil
	}
	for ids := range slices.Chunk(p.open(), chunk) {
		jobs, err := p.c.store.Get(ctx, ids, store.PartFailures)
		if err != nil {
			return err
		}
		p.missed(ids, jobs)
	}
	return nil
}

// missed notes which of the open members are cancelled or deleted. jobs are those
// that are there, in the order of ids.
func (p *parallel) missed(ids []store.ID, jobs []store.Job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range ids {
		j := &store.Job{ID: id, Index: id.MemberIndex(), Kind: kindBatch}
		f := &store.Failure{At: p.c.now(), Kind: store.FailCancelled, Message: "deleted before it had ended"}
		if len(jobs) > 0 && jobs[0].ID == id {
			j, jobs = &jobs[0], jobs[1:]
			if j.State != store.Cancelled {
				continue
			}
			f = lastFailure(j)
		}
		if !p.hasEnded(j.Index) { // heard of it meanwhile
			p.fail(j, f, nil, true)
		}
	}
}

// open lists the members that were enqueued and have not ended.
func (p *parallel) open() []store.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	var ids []store.ID
	for i := range p.enqueued {
		if !p.hasEnded(i) {
			ids = append(ids, p.batch.Base.Member(i))
		}
	}
	return ids
}

// runMember is the handler of the members of a batch that is running.
func (c *Client) runMember(ctx context.Context, job *store.Job) (store.Value, error) {
	c.mu.Lock()
	g := c.groups[job.Batch]
	c.mu.Unlock()
	if job.Batch == "" { // enqueued by hand: given back it would return at once, for ever
		return nil, executor.Permanent(fmt.Errorf("job %s is no item of a batch: the kind %q belongs to Parallelise", job.ID, kindBatch))
	}
	if g == nil || g.run == nil {
		return nil, executor.Interrupt(errors.New("no Parallelise of this batch is running"))
	}
	return g.run(ctx, job)
}

func (p *parallel) runMember(ctx context.Context, job *store.Job) (store.Value, error) {
	if p.s.log != p.c.log {
		ctx = context.WithValue(ctx, loggerKey{}, p.s.log)
	}
	// The context of the caller ends the item as well.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.ctx, func() { cancel(context.Cause(p.ctx)) })()
	v, err := p.run(ctx, job)
	if err != nil && p.ctx.Err() != nil {
		return nil, executor.Interrupt(err)
	}
	return v, err
}
