package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Order is what an operator, or the owner of jobs, asks to be done to them.
type Order struct {
	// Verb is one of
	//
	//   - [Cancel]: call them off. It is final: no policy tries a cancelled job again. The
	//     context of a running one is cancelled too, and what it returns is refused.
	//   - [Retry]: make them available at once, whatever became of them. Their history is kept, and
	//     one more attempt is granted if none was left.
	//   - [Hold]: make waiting jobs pending until they are released.
	//   - [Release]: make pending jobs available.
	//   - [Reschedule]: give waiting jobs another time.
	//   - [Due]: make scheduled and retryable jobs available before their time.
	//   - [Delete]: remove them, with all that is known of them.
	Verb Event
	IDs  []store.ID
	// Only narrows the states that a job may be in. Whether it is in one of them is decided in the
	// commit that changes it. 0: every state in which the verb is possible.
	Only store.States
	// Reason is why, in the words of who asks. Jobs that are cancelled, held or rescheduled keep it.
	Reason string
	// At is the new time. Reschedule needs it, the others have none.
	At time.Time
}

// Apply does what was ordered, in one commit. The answer says which jobs were changed, which were
// in no state for it, and which do not exist. See [store.WithAudit] for who is said to have asked.
func (q *Queue) Apply(ctx context.Context, o Order) (store.Changed, error) {
	change := store.Change{IDs: o.IDs}
	from := o.Verb.From()
	if o.Only != 0 {
		from &= o.Only
	}
	switch {
	case o.Verb == Reschedule && o.At.IsZero():
		return store.Changed{}, errors.New("to reschedule jobs needs a time: set Order.At")
	case o.Verb != Reschedule && !o.At.IsZero():
		return store.Changed{}, fmt.Errorf("to %s jobs takes no time: Order.At is for reschedule", o.Verb)
	case o.Verb == Delete:
		change.Delete = from
		return q.store.Change(ctx, change)
	case o.Verb == Cancel:
		change.Failure = q.cancelFailure(o.Reason)
	case o.Verb == Retry, o.Verb == Due:
		o.At, o.Reason = q.store.Now(), ""
	case o.Verb == Release:
		o.Reason = ""
	case o.Verb == Hold, o.Verb == Reschedule:
	default:
		return store.Changed{}, fmt.Errorf("nobody can order jobs to %s", o.Verb)
	}
	m := move(o.Verb, o.At)
	m.From, m.Reason = from, o.Reason
	change.Cases = []store.Move{m}
	return q.store.Change(ctx, change)
}

func (q *Queue) cancelFailure(reason string) *store.Failure {
	message := "cancelled"
	if reason != "" {
		message += ": " + reason
	}
	return &store.Failure{At: q.store.Now(), Kind: store.FailCancelled, Message: message}
}

// Cancel calls jobs off; see [Order].
func (q *Queue) Cancel(ctx context.Context, reason string, ids ...store.ID) (store.Changed, error) {
	return q.Apply(ctx, Order{Verb: Cancel, Reason: reason, IDs: ids})
}

// Retry makes jobs available at once, whatever became of them, unless they are
// running; see [Order].
func (q *Queue) Retry(ctx context.Context, ids ...store.ID) (store.Changed, error) {
	return q.Apply(ctx, Order{Verb: Retry, IDs: ids})
}

// Hold makes waiting jobs pending until they are released.
func (q *Queue) Hold(ctx context.Context, ids ...store.ID) (store.Changed, error) {
	return q.Apply(ctx, Order{Verb: Hold, IDs: ids})
}

// Release makes pending jobs available.
func (q *Queue) Release(ctx context.Context, ids ...store.ID) (store.Changed, error) {
	return q.Apply(ctx, Order{Verb: Release, IDs: ids})
}

// Reschedule gives waiting jobs another time.
func (q *Queue) Reschedule(ctx context.Context, at time.Time, ids ...store.ID) (store.Changed, error) {
	return q.Apply(ctx, Order{Verb: Reschedule, At: at, IDs: ids})
}

// RunNow makes scheduled and retryable jobs available before their time.
func (q *Queue) RunNow(ctx context.Context, ids ...store.ID) (store.Changed, error) {
	return q.Apply(ctx, Order{Verb: Due, IDs: ids})
}

// Delete removes jobs, unless they are running, with all that is known of them.
func (q *Queue) Delete(ctx context.Context, ids ...store.ID) (store.Changed, error) {
	return q.Apply(ctx, Order{Verb: Delete, IDs: ids})
}

// Consume marks the result or failure of a finalised job as handed out. It is in
// Done for exactly one of those who ask.
func (q *Queue) Consume(ctx context.Context, ids ...store.ID) (store.Changed, error) {
	return q.store.Change(ctx, store.Change{IDs: ids, Consume: store.FinalStates})
}
