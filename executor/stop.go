package executor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// AbandonedError names the jobs whose handlers had not returned when Stop did.
// They are available again; what the handlers return one day is refused.
type AbandonedError struct{ Jobs []store.ID }

// Error lists the jobs.
func (e *AbandonedError) Error() string {
	names := make([]string, len(e.Jobs))
	for i, id := range e.Jobs {
		names[i] = id.String()
	}
	return fmt.Sprintf("%d handlers did not return when their contexts ended; their jobs will run again: %s", len(e.Jobs), strings.Join(names, ", "))
}

// Stop ends the executor in phases, see the package comment. It returns when
// everything that ended is on disk: nil, or an *[AbandonedError]. ctx ends the
// waiting for running handlers early; Stop returns at the latest Config.Abandon later. Further
// calls wait for the first one.
func (e *Executor) Stop(ctx context.Context) error {
	e.mu.Lock()
	switch e.phase {
	case phaseNew:
		e.phase = phaseStopped
		close(e.draining)
		e.mu.Unlock()
		return nil
	case phaseStopping, phaseStopped:
		started := e.phase == phaseStopping || e.stop != nil
		e.mu.Unlock()
		if started {
			<-e.ended
		}
		return nil
	}
	e.drainLocked()
	e.phase = phaseStopping
	e.mu.Unlock()
	e.stop()
	e.loops.Wait()

	e.await(ctx, e.cfg.Grace)
	e.cancel(ErrShutdown)
	e.await(context.WithoutCancel(ctx), e.cfg.Abandon)
	abandoned := e.abandon()

	close(e.flush)
	<-e.ended
	e.mu.Lock()
	e.phase = phaseStopped
	e.mu.Unlock()
	if len(abandoned) > 0 {
		return &AbandonedError{Jobs: abandoned}
	}
	return nil
}

// await waits until no handler runs, the time is up, or ctx ends.
func (e *Executor) await(ctx context.Context, patience time.Duration) {
	timer := time.NewTimer(max(patience, 0))
	defer timer.Stop()
	for {
		e.mu.Lock()
		idle, n := e.change(), len(e.attempts)
		e.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-idle:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// abandon gives back the jobs of handlers that are still running.
func (e *Executor) abandon() []store.ID {
	e.mu.Lock()
	defer e.mu.Unlock()
	var ids []store.ID
	for id, a := range e.attempts {
		e.settle(a, queue.Attempt{Verdict: queue.Interrupted})
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b store.ID) int { return slices.Compare(a[:], b[:]) })
	return ids
}
