package queue

import (
	"context"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Cancel calls jobs off. It is final: no policy tries a cancelled job again. The context
// of a running one is cancelled too, and what it returns is refused.
func (q *Queue) Cancel(ctx context.Context, reason string, ids ...store.ID) (store.Changed, error) {
	message := "cancelled"
	if reason != "" {
		message += ": " + reason
	}
	return q.store.Change(ctx, store.Change{
		IDs: ids, Cases: []store.Move{moveBecause(Cancel, reason)},
		Failure: &store.Failure{At: q.store.Now(), Kind: store.FailCancelled, Message: message},
	})
}

// Retry makes jobs available at once, whatever became of them, unless they are
// running. Their history is kept, and one more attempt is granted if none was left.
func (q *Queue) Retry(ctx context.Context, ids ...store.ID) (store.Changed, error) {
	return q.change(ctx, Retry, q.store.Now(), ids)
}

// Hold makes waiting jobs pending until they are released.
func (q *Queue) Hold(ctx context.Context, ids ...store.ID) (store.Changed, error) {
	return q.change(ctx, Hold, time.Time{}, ids)
}

// Release makes pending jobs available.
func (q *Queue) Release(ctx context.Context, ids ...store.ID) (store.Changed, error) {
	return q.change(ctx, Release, time.Time{}, ids)
}

// Reschedule gives waiting jobs another time.
func (q *Queue) Reschedule(ctx context.Context, at time.Time, ids ...store.ID) (store.Changed, error) {
	return q.change(ctx, Reschedule, at, ids)
}

// RunNow makes scheduled and retryable jobs available before their time.
func (q *Queue) RunNow(ctx context.Context, ids ...store.ID) (store.Changed, error) {
	return q.change(ctx, Due, q.store.Now(), ids)
}

// Delete removes jobs, unless they are running, with all that is known of them.
func (q *Queue) Delete(ctx context.Context, ids ...store.ID) (store.Changed, error) {
	return q.store.Change(ctx, store.Change{IDs: ids, Delete: store.EveryState &^ running})
}

// Consume marks the result or failure of a finalised job as handed out. It is in
// Done for exactly one of those who ask.
func (q *Queue) Consume(ctx context.Context, ids ...store.ID) (store.Changed, error) {
	return q.store.Change(ctx, store.Change{IDs: ids, Consume: store.FinalStates})
}

func (q *Queue) change(ctx context.Context, e Event, at time.Time, ids []store.ID) (store.Changed, error) {
	return q.store.Change(ctx, store.Change{IDs: ids, Cases: []store.Move{move(e, at)}})
}

// Pause stops claims from a queue until Resume; what runs goes on. Both are durable.
func (q *Queue) Pause(ctx context.Context, name, reason string) error {
	return q.store.PutQueue(ctx, store.QueueInfo{Name: name, Paused: true, Reason: reason, Since: q.store.Now()})
}

// Resume ends a Pause.
func (q *Queue) Resume(ctx context.Context, name string) error {
	return q.store.PutQueue(ctx, store.QueueInfo{Name: name})
}
