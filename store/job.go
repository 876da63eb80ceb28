package store

import "time"

// Job is the durable record of one call. Times are UTC, to the nanosecond; the
// zero time means "not yet" or "never".
type Job struct {
	ID    ID
	Queue string
	Kind  string
	State State
	// Priority orders the available jobs of a queue: the smaller number runs
	// first, as in River, Oban and nice(1). Default 0.
	Priority int16
	// RunAt is when the job may run: the key of its order among jobs of the same
	// priority, and its due time while scheduled or retryable.
	RunAt       time.Time
	CreatedAt   time.Time
	AttemptedAt time.Time
	FinalisedAt time.Time

	// Attempt counts the attempts that were charged, the running one included.
	Attempt     int
	MaxAttempts int
	// Recoveries counts the crashes of the process that are held against the job,
	// apart from its attempts; above MaxRecoveries it is discarded.
	Recoveries    int
	MaxRecoveries int
	// Claim is the fence: it is raised by every claim.
	Claim uint64
	// Suspect marks a job that was running when its process died, until it has
	// survived an attempt. Suspects run alone.
	Suspect bool
	// Reason says why the job is in its state, where the state does not say it:
	// "crash_loop", "permanent", …
	Reason string

	// Unique is a key that at most one job holds, until UniqueUntil says so.
	// Empty: none.
	Unique      string
	UniqueUntil Until

	// Token is an idempotency key: as long as a job with it is stored, another one is not. Empty: none.
	Token string

	// Batch is the name of the batch or thread that the job belongs to, Index its place there.
	Batch string
	Index int64
	// Kept exempts the finalised job from Maintain's pruning: it stays until its
	// batch is deleted.
	Kept bool
	// Consumed marks a result that was handed out for good (see Change.Consume).
	Consumed bool

	Tags    []string
	Timeout time.Duration
	// Progress is what the handler last said about how far it is.
	Progress Progress
	// Trace carries a W3C traceparent from the caller to the handler.
	Trace string
	// ArgsVersion is the version of the schema of Args.
	ArgsVersion int
	// FailureCount is the number of failures on record.
	FailureCount int
	// ArgsSize and ResultSize are in bytes, as stored.
	ArgsSize   int
	ResultSize int

	// The parts, filled in only as far as the reader asked for them.
	Args        Value
	Result      Value
	Failures    []Failure
	Checkpoints []Checkpoint
}

// Ref returns the current claim of the job.
func (j *Job) Ref() Ref { return Ref{ID: j.ID, Claim: j.Claim} }

// Until says how long a job holds its unique key.
type Until uint8

// The lifetimes of a unique key.
const (
	// UntilFinal frees the key when the job is finalised. The default.
	UntilFinal Until = iota
	// UntilStart frees the key when the job is claimed, or finalised before that.
	UntilStart
	// UntilDeleted frees the key when the record is removed.
	UntilDeleted
)

// Progress is a handler's word about how far it is.
type Progress struct {
	Done  int64
	Total int64
	Note  string
}

// Checkpoint is a named intermediate value that a handler stored. A later attempt finds it.
type Checkpoint struct {
	Name  string
	Value Value
}

// Parts selects what a read brings besides the head.
type Parts uint8

// The parts of a job.
const (
	PartArgs Parts = 1 << iota
	PartResult
	PartFailures
	PartCheckpoints

	HeadOnly Parts = 0
	AllParts Parts = PartArgs | PartResult | PartFailures | PartCheckpoints
)
