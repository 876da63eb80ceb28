package executor

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/store"
)

const (
	// keepInterval is how often finalised jobs are looked over for pruning.
	keepInterval = time.Minute
	// keepLimit bounds one step of maintenance, so that it does not hold up others.
	keepLimit = 1000
)

// keep makes due jobs available when their time comes, and prunes now and then.
func (e *Executor) keep(ctx context.Context) {
	hints, stop := e.q.Store().Watch(store.Topic{What: store.OnDue})
	defer stop()
	for ctx.Err() == nil {
		done, err := e.q.Maintain(ctx, keepLimit)
		wait := keepInterval
		switch {
		case err != nil && ctx.Err() == nil:
			e.log.Error("maintenance failed, trying again in a second", zap.Error(err))
			wait = time.Second
		case done.More:
			continue
		case !done.NextDue.IsZero():
			wait = min(wait, max(0, done.NextDue.Sub(e.q.Store().Now())))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-hints:
		}
		timer.Stop()
	}
}
