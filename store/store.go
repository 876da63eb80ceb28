package store

import (
	"context"
	"time"
)

// Store is a journal of jobs. See the package comment for what every
// implementation promises; each verb takes a slice, and is one commit.
type Store interface {
	// Enqueue stores new jobs, in the state that each of them carries (Pending,
	// Available or Scheduled). All of them are stored, or none and an error.
	//
	// A job whose id is there already, or whose unique key or token is held by another, is
	// not stored again: its Enqueued names the one that is there.
	Enqueue(ctx context.Context, jobs []Job) ([]Enqueued, error)

	// Claim hands out available jobs, with their arguments: in each wanted queue
	// by priority, RunAt and id, skipping queues that are paused, kinds that are
	// not wanted, and suspects. req.Move (to Running) is applied to each.
	//
	// With req.Wait it blocks until there is at least one job or a suspect to report, or the
	// context ends; then it returns the context's error and has claimed nothing.
	Claim(ctx context.Context, req ClaimRequest) (Claimed, error)

	// Extend stores progress and checkpoints of running jobs. The answer tells for
	// each whether its claim still holds; where it does not, nothing was stored.
	Extend(ctx context.Context, extensions []Extension) ([]bool, error)

	// Finish records how attempts ended: result or failure, the next state and the
	// jobs that follow, in one commit. The answer tells for each outcome whether its
	// claim still held; where it did not, nothing of that outcome was stored.
	Finish(ctx context.Context, outcomes []Outcome) ([]bool, error)

	// Change does to jobs what an operator asks for.
	Change(ctx context.Context, change Change) (Changed, error)

	// Maintain makes due jobs available, those that were due first first, and prunes
	// finalised ones, up to the budget.
	Maintain(ctx context.Context, budget Budget) (Maintained, error)

	// PutQueue stores the settings of a queue, PutBatch creates a batch. PutBatch never
	// overwrites: if one of that name exists it returns that one, and false.
	PutQueue(ctx context.Context, q QueueInfo) error
	PutBatch(ctx context.Context, b Batch) (Batch, bool, error)
	// DeleteBatch deletes up to limit members of a batch, and the batch when none
	// is left. It refuses (ErrRunning) while a member is running. more asks to be called again.
	DeleteBatch(ctx context.Context, name string, limit int) (more bool, err error)

	// PutSchedule stores a schedule, or deletes it if its Spec is empty.
	PutSchedule(ctx context.Context, s Schedule) error
	// Fire enqueues the jobs of a schedule if its slot is still from, and moves the
	// slot to next, in one commit. false: another caller was first.
	Fire(ctx context.Context, name string, from, next time.Time, jobs []Job) (bool, error)

	// Get reads jobs by id, in the order of the ids; those that do not exist are left out.
	Get(ctx context.Context, ids []ID, parts Parts) ([]Job, error)
	// List reads a page of the jobs that a filter selects.
	List(ctx context.Context, req ListRequest) (Page, error)
	// Count returns the number of jobs for each queue, kind and state that has any,
	// from counters that move with the jobs. It never scans.
	Count(ctx context.Context) ([]CountRow, error)
	// Queues, Batches and Schedules return what was put, sorted by name. Batch returns one, or ErrNotFound.
	Queues(ctx context.Context) ([]QueueInfo, error)
	Batches(ctx context.Context) ([]Batch, error)
	Batch(ctx context.Context, name string) (Batch, error)
	Schedules(ctx context.Context) ([]Schedule, error)

	// Logs returns up to limit lines of the log of a job, oldest first, from the one after the given
	// number; 0 is the beginning. A limit of 0 means 1000. Fewer may come if they are large: the log
	// ends where none comes. A job without any, or that is not there, has none.
	Logs(ctx context.Context, id ID, after int64, limit int) ([]LogLine, error)
	// Audit returns who asked for which changes, newest first, see [WithAudit]. Every verb that
	// changes jobs, queues, batches or schedules heeds the Audit in its context, but Claim, Extend,
	// Finish and Maintain.
	Audit(ctx context.Context, req AuditRequest) ([]AuditEntry, error)
	// Stats returns what happened from one time to another, by span, queue and kind: the spans that
	// end after from and begin before to; a zero time is no bound. The newest of it may reach the
	// disk seconds after the changes that it counts, so that a crash loses some of it; a store that
	// is closed loses none. Maintain sums up old minutes to hours.
	Stats(ctx context.Context, from, to time.Time) ([]Stats, error)

	// Watch returns a channel that receives a hint after a commit which touched one of
	// the topics, and a function that ends the watch. The channel holds one hint;
	// hints are lossy and may come for nothing: read the truth again.
	Watch(topics ...Topic) (hints <-chan struct{}, stop func())

	// Caps tells what the store can do.
	Caps() Caps
	// Now is the clock that the store stamps records with, and by which jobs are due.
	Now() time.Time
	// Close waits for the commits under way, and closes. Further calls return ErrClosed.
	Close() error
}

// Enqueued is the answer for one job of Enqueue.
type Enqueued struct {
	ID       ID   // of the job that is stored now
	Existing bool // it was there before: the new one was not stored
}

// ClaimRequest asks for work.
type ClaimRequest struct {
	Want []Want
	// Kinds are those that the caller has handlers for; nil means all. Jobs of other
	// kinds stay available, and do not slow down later claims.
	Kinds []string
	// Move is applied to each claimed job.
	Move Move
	// Alone asks for at most one job, and only for a suspect.
	Alone bool
	// Wait blocks until there is something.
	Wait bool
}

// Want is how many jobs of a queue the caller can start.
type Want struct {
	Queue string
	N     int
}

// Claimed is the answer of Claim.
type Claimed struct {
	Jobs []Job
	// Suspects tells that a wanted queue has a suspect of a wanted kind which could be claimed
	// alone.
	Suspects bool
}

// Extension is news of a running job.
type Extension struct {
	Ref         Ref
	Progress    *Progress    // nil: as it was
	Checkpoints []Checkpoint // each replaces the one of its name
	Lines       []LogLine    // appended to the log of the job; refused (ErrNoSpace) where hardly any space is left
}

// Outcome is how an attempt ended.
type Outcome struct {
	Ref  Ref
	Move Move
	// Result is stored unless nil.
	Result Value
	// Failure is appended to the job's failures unless nil.
	Failure *Failure
	// Lines are appended to the log of the job. Where hardly any space is left, a store may keep one
	// instead of them, which says so.
	Lines []LogLine
	// Next are stored in the same commit, as by Enqueue.
	Next []Job
}

// Change is what an operator asks for. For each job the first case applies whose
// From holds the job's state; Delete comes before Consume, and Consume before Cases.
//
// A move out of a final state takes the unique key of the job back; where another job
// holds it by now, the move is refused.
type Change struct {
	IDs   []ID
	Cases []Move
	// Failure is appended to the failures of each job that moved, unless nil.
	Failure *Failure
	// Delete removes the jobs in these states instead of moving them.
	Delete States
	// Consume marks the results of jobs in these states as handed out, and ends their being
	// Kept. A job that was consumed before is refused.
	Consume States
}

// Changed is the answer of Change, each slice in the order of Change.IDs.
type Changed struct {
	Done    []ID
	Refused []Refusal
	Missing []ID
}

// Refusal names a job that a Change left as it was: no case covers its state, or its
// unique key is another's by now.
type Refusal struct {
	ID    ID
	State State
}

// Budget bounds one call of Maintain.
type Budget struct {
	// Promote is applied to jobs that are due.
	Promote Move
	// Prune deletes, for each state, the jobs finalised before the time given,
	// except those that are Kept.
	Prune []Retention
	// AuditBefore deletes the entries of the audit before that time, StatsBefore the statistics; zero keeps them.
	AuditBefore, StatsBefore time.Time
	// Limit is the number of jobs, and of entries, that one call touches at the most.
	Limit int
}

// Retention is the age at which finalised jobs of a state are deleted.
type Retention struct {
	State  State
	Before time.Time
}

// Maintained is the answer of Maintain.
type Maintained struct {
	Promoted, Pruned int
	// NextDue is the earliest due time of the jobs that still wait; zero if none does.
	NextDue time.Time
	// More tells that the limit was reached.
	More bool
}

// QueueInfo holds the settings of a queue.
type QueueInfo struct {
	Name   string    `msgpack:"name"`
	Paused bool      `msgpack:"paused"`
	Reason string    `msgpack:"reason"` // why it is paused, in the words of who paused it
	Since  time.Time `msgpack:"since"`  // when it was paused
	By     Actor     `msgpack:"by"`     // who paused it

	// Workers is how many jobs of the queue run at once, in place of what the program says; 0: as it says.
	Workers int `msgpack:"workers"`
	// Rate is how many jobs of the queue are started in a second, at the most; 0: any number.
	Rate float64 `msgpack:"rate"`
}

// Batch is a named set of jobs that share a queue of their own and the front of
// their ids.
type Batch struct {
	Name string `msgpack:"name"`
	// Base gives the ids of the members, see [ID.Member].
	Base  ID     `msgpack:"base"`
	Queue string `msgpack:"queue"`
	Kind  string `msgpack:"kind"`
	// Total is the number of members the batch is meant to have; 0: it grows.
	Total int64 `msgpack:"total"`
	// Fingerprint guards against going on with other contents.
	Fingerprint string    `msgpack:"fingerprint"`
	CreatedAt   time.Time `msgpack:"created_at"`
	// Info is for the owner of the batch, as a msgpack value.
	Info Value `msgpack:"info"`

	// Next is one more than the highest index ever enqueued. It is found by the store, not put.
	Next int64 `msgpack:"-"`
}

// Schedule is a recurring job: a slot in time, and what to enqueue then.
type Schedule struct {
	Name string    `msgpack:"name"`
	Spec string    `msgpack:"spec"`
	Slot time.Time `msgpack:"slot"` // the next nominal run
	Info Value     `msgpack:"info"` // for the owner, as a msgpack value
}

// ListRequest asks for a page of jobs.
//
// The order is by id, newest first (or oldest first with Ascending), when the
// filter names no state or names a batch. Otherwise it is by state, and inside a state
// newest first: by time of finalising, due time or id.
type ListRequest struct {
	Filter    Filter
	Cursor    string // "" for the first page, then Page.Next
	Limit     int    // of jobs returned; 0 means 100
	Parts     Parts
	Ascending bool
	// From starts the listing of a single batch at this index. Needs Ascending.
	From int64
}

// Page is a page of jobs.
type Page struct {
	Jobs []Job
	// Next is the cursor of the next page, or "". It may be set although no job is left.
	Next string
	// Scanned is how many records were looked at.
	Scanned int
}

// CountRow is one counter.
type CountRow struct {
	Queue, Kind string
	State       State
	N           int64
}

// Caps tells what a store can do.
type Caps struct {
	MaxBatch int  // the most items in one call
	MaxValue int  // the most bytes of one value
	Shared   bool // several processes may work on it at once
}

// Topic is something to wait for.
type Topic struct {
	What TopicKind
	ID   ID // for OnJob and OnLog
}

// TopicKind is the kind of a topic.
type TopicKind uint8

// The topics.
const (
	// OnJob: the state of a job changed, or it was deleted.
	OnJob TopicKind = iota + 1
	// OnDue: the earliest due time may have become earlier.
	OnDue
	// OnControl: a job was moved or deleted by Change, or a queue was paused or resumed.
	OnControl
	// OnQueue: the settings of a queue were put.
	OnQueue
	// OnLog: lines were appended to the log of a job (Topic.ID).
	OnLog
)
