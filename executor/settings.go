package executor

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/store"
)

// readSettings reads what an operator has set for the queues, and heeds it. Only the
// controller calls it, so that what was read later counts.
func (e *Executor) readSettings(ctx context.Context) error {
	queues, err := e.q.Store().Queues(ctx)
	if err != nil {
		return err
	}
	settings := make(map[string]store.QueueInfo, len(queues))
	for _, q := range queues {
		settings[q.Name] = q
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settings = settings
	changed := false
	for _, l := range e.lanes {
		changed = e.heed(l) || changed
	}
	if changed {
		e.replan()
	}
	return nil
}

// heed works out how many jobs of a lane run at once and how many are started in a
// second: as the operator says, or else the program. It gives back what must not be started any
// more, and tells whether anything has changed. It needs e.mu.
func (e *Executor) heed(l *lane) bool {
	now := time.Now()
	set := e.settings[l.queue]
	slots := l.configured
	if set.Workers > 0 {
		slots = set.Workers
	}
	if l.leaving {
		slots = 0
	}
	changed := slots != l.slots
	l.slots = slots
	changed = l.limit.set(set.Rate, now) || changed
	e.interrupt(l.excess(now))
	return changed
}

// settingsFailed reports that the settings cannot be read, and returns a channel that
// tells when to try again.
func (e *Executor) settingsFailed(ctx context.Context, err error) <-chan time.Time {
	if ctx.Err() != nil || errors.Is(err, store.ErrClosed) {
		return nil
	}
	e.log.Error("cannot read the settings of the queues, trying again in a second", zap.Error(err))
	return time.After(time.Second)
}
