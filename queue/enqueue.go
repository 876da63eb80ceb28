package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// NewJob describes a job to be. Only Kind is required.
type NewJob struct {
	ID          store.ID // default: a new one
	Queue       string   // default "default"
	Kind        string
	Args        store.Value
	ArgsVersion int

	Priority int16
	// RunAt in the future makes the job scheduled.
	RunAt time.Time
	// Hold makes the job pending until it is released.
	Hold bool
	// MaxAttempts is how often the job may be tried: default 25.
	MaxAttempts int
	// MaxRecoveries is how many crashes may be held against the job: default 3, negative: none.
	MaxRecoveries int
	// Timeout bounds one attempt; 0: none.
	Timeout time.Duration

	Unique Unique
	// Token makes it harmless to ask twice: as long as a job with the same token is stored, in
	// whatever state, it is the answer, and nothing is stored. Empty: none.
	Token string

	Tags  []string
	Trace string

	// Batch, Index and Kept make the job a member of a batch.
	Batch string
	Index int64
	Kept  bool
}

// Unique lets at most one job hold a key at a time.
type Unique struct {
	Key   string // empty: the job is not unique
	Until store.Until
	// Conflict says what becomes of a second job with the key.
	Conflict Conflict
}

// Conflict is what happens to a job whose unique key is held by another.
type Conflict uint8

// What to do about a unique key that is held.
const (
	// Skip does not store the second job, and answers with the first. The default.
	Skip Conflict = iota
	// Refuse does not store the second job, and answers with a [DuplicateError].
	Refuse
)

// DuplicateError says that another job holds the unique key.
type DuplicateError struct {
	Key    string
	Holder store.ID
}

// Error names the key and its holder.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("unique key %q is held by job %s: wait for it, cancel it, or use another key", e.Key, e.Holder)
}

// Enqueue stores new jobs in one commit. Where a job was not stored because it is
// there already, its answer says so; with [Refuse] that is a *DuplicateError, after
// the others have been stored.
func (q *Queue) Enqueue(ctx context.Context, jobs ...NewJob) ([]store.Enqueued, error) {
	records := make([]store.Job, len(jobs))
	for i, n := range jobs {
		var err error
		if records[i], err = q.Prepare(n); err != nil {
			return nil, err
		}
	}
	stored, err := q.store.Enqueue(ctx, records)
	if err != nil {
		return nil, err
	}
	for i, e := range stored {
		if !e.Existing || e.ID == records[i].ID || jobs[i].Unique.Conflict != Refuse {
			continue
		}
		if again, err := q.carries(ctx, e.ID, jobs[i].Token); err != nil {
			return stored, err
		} else if !again {
			return stored, &DuplicateError{Key: jobs[i].Unique.Key, Holder: e.ID}
		}
	}
	return stored, nil
}

// carries tells whether a job that is there instead of a new one is so because of the token:
// then the same thing was asked for twice, which is no conflict.
func (q *Queue) carries(ctx context.Context, id store.ID, token string) (bool, error) {
	if token == "" {
		return false, nil
	}
	jobs, err := q.store.Get(ctx, []store.ID{id}, store.HeadOnly)
	return len(jobs) == 1 && jobs[0].Token == token, err
}

// Prepare turns a description into the record to store: it fills in the defaults,
// checks the limits, and decides the first state.
func (q *Queue) Prepare(n NewJob) (store.Job, error) {
	now := q.store.Now()
	switch {
	case n.Kind == "":
		return store.Job{}, fmt.Errorf("a job needs a kind: the name its handler is registered under")
	case n.MaxAttempts < 0:
		return store.Job{}, fmt.Errorf("job of kind %q: MaxAttempts is %d: give 1 or more, or 0 for the default of %d", n.Kind, n.MaxAttempts, DefaultMaxAttempts)
	case n.Timeout < 0:
		return store.Job{}, fmt.Errorf("job of kind %q: Timeout is %v: give a positive duration, or 0 for none", n.Kind, n.Timeout)
	case n.Hold && !n.RunAt.IsZero():
		return store.Job{}, fmt.Errorf("job of kind %q: it cannot be both held and scheduled", n.Kind)
	}
	j := store.Job{
		ID: n.ID, Queue: n.Queue, Kind: n.Kind,
		Priority: n.Priority, RunAt: now, CreatedAt: now,
		MaxAttempts: n.MaxAttempts, MaxRecoveries: n.MaxRecoveries,
		Batch: n.Batch, Index: n.Index, Kept: n.Kept,
		Tags: n.Tags, Timeout: n.Timeout, Trace: n.Trace,
		Args: n.Args, ArgsVersion: n.ArgsVersion,
		Unique: n.Unique.Key, UniqueUntil: n.Unique.Until, Token: n.Token,
	}
	event := Insert
	switch {
	case n.Hold:
		event = InsertHeld
	case n.RunAt.After(now):
		event = InsertLater
		j.RunAt = n.RunAt
	}
	begin(&j, event)
	if j.ID.IsZero() {
		j.ID = store.NewID()
	}
	if j.Queue == "" {
		j.Queue = DefaultQueue
	}
	if j.MaxAttempts == 0 {
		j.MaxAttempts = DefaultMaxAttempts
	}
	switch {
	case j.MaxRecoveries == 0:
		j.MaxRecoveries = DefaultMaxRecoveries
	case j.MaxRecoveries < 0:
		j.MaxRecoveries = 0
	}
	return j, nil
}
