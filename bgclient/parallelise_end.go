package bgclient

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// finished hears of every recorded attempt, one at a time.
func (p *parallel) finished(job *store.Job, a queue.Attempt, applied bool) {
	ok := applied && a.Verdict == queue.Succeeded
	p.recorded(job, ok)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case ok:
		p.succeed(job.Index)
	case !applied:
		// Cancelled while it ran.
		p.fail(job, &store.Failure{At: p.c.now(), Attempt: job.Attempt, Kind: store.FailCancelled, Message: "cancelled while it ran"}, nil, true)
	case a.Verdict == queue.Hopeless, a.Verdict == queue.CalledOff,
		a.Verdict == queue.Failed && job.Attempt >= job.MaxAttempts:
		p.fail(job, a.Failure, a.Cause, true)
	}
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// end counts an index as done, however often it ends: an operator may have it run
// again. It needs p.mu, or to be alone, as its neighbours do.
func (p *parallel) end(index int64) {
	if !p.hasEnded(index) {
		p.ended[index/64] |= 1 << (index % 64)
		p.done++
	}
}

func (p *parallel) hasEnded(index int64) bool { return p.ended[index/64]&(1<<(index%64)) != 0 }

// succeed notes a result.
func (p *parallel) succeed(index int64) {
	p.end(index)
	delete(p.failed, index)
}

// fail notes a final failure.
func (p *parallel) fail(j *store.Job, f *store.Failure, live error, fresh bool) {
	p.end(j.Index)
	if _, known := p.failed[j.Index]; known {
		return
	}
	p.failed[j.Index] = struct{}{}
	if fresh {
		p.fresh++
	}
	if p.s.on == Warn {
		p.s.log.Warn("item of a batch failed", zap.String("batch", p.batch.Name), zap.Int64("index", j.Index),
			zap.Stringer("job", j.ID), zap.String("failure", string(f.Kind)), zap.String("error", f.Message), zap.Bool("earlier_run", !fresh))
	}
	if j.Index <= p.lowest {
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

func (p *parallel) verdict(ctx context.Context) error {
	failed := p.failedIndexes()
	if len(failed) == 0 || p.s.on == Warn {
		return nil
	}
	first := p.first
	if int64(failed[0]) != p.lowest { // that one was run again, and has succeeded
		j, err := p.c.q.Get(ctx, p.batch.Base.Member(int64(failed[0])), store.PartFailures)
		if err != nil {
			return fmt.Errorf("parallelise %q: %w", p.batch.Name, err)
		}
		first = newBgException(j, lastFailure(j), p.c.causes.get(j.Ref()))
	}
	return &BatchError{
		Batch: p.batch.Name, Total: p.n, Failed: failed, Open: p.n - p.done,
		First: first, Earlier: p.fresh == 0,
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
