package queue

import (
	"context"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Maintain makes due jobs available and prunes what is older than its retention, at most limit
// jobs and entries. Call it again at NextDue, at once if More is set, and now and then for
// the pruning.
func (q *Queue) Maintain(ctx context.Context, limit int) (store.Maintained, error) {
	now := q.store.Now()
	return q.store.Maintain(ctx, store.Budget{
		Promote:     move(Due, time.Time{}),
		Prune:       q.retention(now),
		AuditBefore: before(now, q.cfg.KeepAudit),
		StatsBefore: before(now, q.cfg.KeepStats),
		Limit:       limit,
	})
}

// before returns when that began which is to be kept; zero: everything is.
func before(now time.Time, keep time.Duration) time.Time {
	if keep == Forever {
		return time.Time{}
	}
	return now.Add(-keep)
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
			out = append(out, store.Retention{State: k.state, Before: before(now, k.keep)})
		}
	}
	return out
}
