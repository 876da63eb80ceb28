package executor

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/store"
)

// control does what operators ask for: it cancels the contexts of jobs that are no longer
// the executor's, and heeds the settings of the queues.
func (e *Executor) control(ctx context.Context) {
	hints, stop := e.q.Store().Watch(store.Topic{What: store.OnControl})
	defer stop()
	settings, stopSettings := e.q.Store().Watch(store.Topic{What: store.OnQueue})
	defer stopSettings()
	var again <-chan time.Time
	readSettings := func() {
		again = nil
		if err := e.readSettings(ctx); err != nil {
			again = e.settingsFailed(ctx, err)
		}
	}
	readSettings()
	close(e.ready)
	for {
		select {
		case <-ctx.Done():
			return
		case <-settings:
			readSettings()
			continue
		case <-again:
			readSettings()
			continue
		case <-hints:
		case <-e.look:
		}
		if err := e.checkClaims(ctx); err != nil && ctx.Err() == nil {
			e.log.Error("cannot look for cancelled jobs", zap.Error(err))
		}
	}
}

// checkClaims compares what runs here with what the store says.
func (e *Executor) checkClaims(ctx context.Context) error {
	e.mu.Lock()
	e.controls++
	mine := make(map[store.ID]*attempt, len(e.attempts))
	ids := make([]store.ID, 0, len(e.attempts))
	for id, a := range e.attempts {
		if !a.ended {
			mine[id] = a
			ids = append(ids, id)
		}
	}
	e.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	jobs, err := e.q.Store().Get(ctx, ids, store.HeadOnly)
	if err != nil {
		return err
	}
	held := make(map[store.ID]*store.Job, len(jobs))
	for i := range jobs {
		held[jobs[i].ID] = &jobs[i]
	}
	for id, a := range mine {
		switch j := held[id]; {
		case j != nil && j.State == store.Running && j.Claim == a.job.Claim:
		case j != nil && j.State == store.Cancelled:
			e.revoke(a, ErrCancelled)
		default:
			e.revoke(a, ErrLost)
		}
	}
	return nil
}
