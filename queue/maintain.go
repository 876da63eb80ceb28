package queue

import (
	"context"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Maintain makes due jobs available and prunes what is older than its retention, at most limit
// jobs. Call it again at NextDue, at once if More is set, and now and then for
// the pruning.
func (q *Queue) Maintain(ctx context.Context, limit int) (store.Maintained, error) {
	return q.store.Maintain(ctx, store.Budget{
		Promote: move(Due, time.Time{}),
		Prune:   q.retention(q.store.Now()),
		Limit:   limit,
	})
}

func (q *Queue) retention(now time.Time) []store.Retention {
	var out []store.Retention
	for _, k := range []struct {
		state store.State
		keep  time.Duration
	}{
		{store.Completed, q.cfg.KeepCompleted},
		{store.Cancelled, q.cfg.KeepCancelled},
		{store.Discarded, q.cfg.KeepDiscarded},
	} {
		if k.keep != Forever {
			out = append(out, store.Retention{State: k.state, Before: now.Add(-k.keep)})
		}
	}
	return out
}
