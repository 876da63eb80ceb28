package bgclient

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

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
		text += " in an earlier run"
	}
	if e.Earlier && e.First.Kind != store.FailCancelled {
		text += " (RetryFailed runs them again)"
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
// Parallelise returns the results so far and the context's error. When the context
// given to [Client.Start] ends, or the client is closed, it starts no further item, and returns
// the results so far and [ErrClosed].
//
// Others may act on the items while they run or wait: one that is cancelled or deleted
// counts as failed, until it is retried and succeeds. One that was deleted between two calls
// runs again.
//
// The client must be started, unless the batch is finished. n ≤ 0, or Warn without a logger, is an error; so is
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
	// live holds results that were returned and are not recorded yet, by store.Ref: an
	// attempt that was given up may still return, beside the one that took its place.
	var live sync.Map
	p := &parallel{c: c, s: s, n: n}
	p.run = func(ctx context.Context, j *store.Job) (store.Value, error) {
		r, err := fn(ctx, int(j.Index))
		if err != nil {
			return nil, err
		}
		v, err := encodeResult(r)
		if err == nil {
			live.Store(j.Ref(), r)
		}
		return v, err
	}
	p.recorded = func(j *store.Job, ok bool) {
		r, _ := live.LoadAndDelete(j.Ref())
		if ok {
			results[j.Index], _ = r.(R) // an R that is a nil interface stays the zero value
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
