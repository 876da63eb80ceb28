package wire

import (
	"encoding/json"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Job is a job. What a job does not have, or what was not asked for, is null. Args and
// Result are shown as [ValueJSON] says.
type Job struct {
	ID          store.ID        `json:"id"`
	State       store.State     `json:"state"`
	Kind        string          `json:"kind"`
	Queue       string          `json:"queue"`
	Priority    int16           `json:"priority"`
	Attempt     int             `json:"attempt"`
	MaxAttempts int             `json:"max_attempts"`
	Recoveries  int             `json:"recoveries"`
	CreatedAt   *time.Time      `json:"created_at"`
	RunAt       *time.Time      `json:"run_at"`
	AttemptedAt *time.Time      `json:"attempted_at"`
	FinalisedAt *time.Time      `json:"finalised_at"`
	Batch       *string         `json:"batch"`
	Index       *int64          `json:"index"`
	Tags        []string        `json:"tags"`
	Args        json.RawMessage `json:"args"`
	Result      json.RawMessage `json:"result"`
	Error       *string         `json:"error"` // message of the latest failure
	Failures    []store.Failure `json:"failures"`

	Reason        string    `json:"reason,omitempty"`
	Progress      *Progress `json:"progress,omitempty"`
	Suspect       bool      `json:"suspect,omitempty"`
	MaxRecoveries int       `json:"max_recoveries,omitempty"`
	TimeoutMS     int64     `json:"timeout_ms,omitempty"`
	Unique        string    `json:"unique,omitempty"`
	Trace         string    `json:"trace,omitempty"`
	Consumed      bool      `json:"consumed,omitempty"`
	Claim         uint64    `json:"claim,omitempty"`
	Fingerprint   string    `json:"fingerprint,omitempty"` // of the latest failure
	FailureCount  int       `json:"failure_count,omitempty"`
	ArgsBytes     int       `json:"args_bytes,omitempty"`
	ResultBytes   int       `json:"result_bytes,omitempty"`

	// The same values as they are stored, in base64, for who asked with values=msgpack: Args
	// and Result are null then.
	ArgsMsgpack   []byte `json:"args_msgpack,omitempty"`
	ResultMsgpack []byte `json:"result_msgpack,omitempty"`
}

// Progress is how far a job is, in the words of its handler.
type Progress struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	Note  string `json:"note"`
}

// ViewParts are the parts of a record that a whole Job is made of.
const ViewParts = store.PartArgs | store.PartResult | store.PartFailures

// ViewJob shows a record, with those parts that were read.
func ViewJob(j *store.Job) *Job {
	v := ViewJobRaw(j)
	v.ArgsMsgpack, v.ResultMsgpack = nil, nil
	v.Args, v.Result = ValueJSON(j.Args), ValueJSON(j.Result)
	return v
}

// ViewJobRaw is ViewJob with the values as they are stored instead of as JSON.
func ViewJobRaw(j *store.Job) *Job {
	null := ValueJSON(nil)
	v := &Job{
		ID: j.ID, State: j.State, Kind: j.Kind, Queue: j.Queue, Priority: j.Priority,
		Attempt: j.Attempt, MaxAttempts: j.MaxAttempts, Recoveries: j.Recoveries,
		CreatedAt: TimeOrNil(j.CreatedAt), RunAt: TimeOrNil(j.RunAt),
		AttemptedAt: TimeOrNil(j.AttemptedAt), FinalisedAt: TimeOrNil(j.FinalisedAt),
		Tags: j.Tags, Args: null, Result: null, ArgsMsgpack: j.Args, ResultMsgpack: j.Result,
		Failures: j.Failures, Reason: j.Reason, Suspect: j.Suspect, MaxRecoveries: j.MaxRecoveries,
		TimeoutMS: j.Timeout.Milliseconds(), Unique: j.Unique, Trace: j.Trace, Consumed: j.Consumed, Claim: j.Claim,
		FailureCount: j.FailureCount, ArgsBytes: j.ArgsSize, ResultBytes: j.ResultSize,
	}
	if j.Batch != "" {
		v.Batch, v.Index = &j.Batch, &j.Index
	}
	if n := len(j.Failures); n > 0 {
		last := &j.Failures[n-1]
		v.Error, v.Fingerprint = &last.Message, last.Fingerprint(j.Kind)
	}
	if v.Tags == nil {
		v.Tags = []string{}
	}
	if v.Failures == nil {
		v.Failures = []store.Failure{}
	}
	if j.Progress != (store.Progress{}) {
		v.Progress = &Progress{j.Progress.Done, j.Progress.Total, j.Progress.Note}
	}
	return v
}

// Record turns a Job that was asked for with values=msgpack back into a record.
func (v *Job) Record() *store.Job {
	j := &store.Job{
		ID: v.ID, State: v.State, Kind: v.Kind, Queue: v.Queue, Priority: v.Priority,
		Attempt: v.Attempt, MaxAttempts: v.MaxAttempts, Recoveries: v.Recoveries, MaxRecoveries: v.MaxRecoveries,
		CreatedAt: timeOf(v.CreatedAt), RunAt: timeOf(v.RunAt), AttemptedAt: timeOf(v.AttemptedAt), FinalisedAt: timeOf(v.FinalisedAt),
		Tags: v.Tags, Failures: v.Failures, Reason: v.Reason, Suspect: v.Suspect,
		Timeout: time.Duration(v.TimeoutMS) * time.Millisecond, Unique: v.Unique, Trace: v.Trace, Consumed: v.Consumed, Claim: v.Claim,
		FailureCount: v.FailureCount, ArgsSize: v.ArgsBytes, ResultSize: v.ResultBytes,
		Args: v.ArgsMsgpack, Result: v.ResultMsgpack,
	}
	if v.Batch != nil && v.Index != nil {
		j.Batch, j.Index = *v.Batch, *v.Index
	}
	if v.Progress != nil {
		j.Progress = store.Progress(*v.Progress)
	}
	return j
}

// TimeOrNil is nil for the zero time.
func TimeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// JobPage is a page of jobs: GET /v1/jobs.
type JobPage struct {
	Jobs []*Job `json:"jobs"`
	// Next is the cursor of the next page, or "". It may be set although no job is left.
	Next string `json:"next"`
	// Scanned is how many records were looked at for this page.
	Scanned int `json:"scanned"`
}

// Count is how many jobs a filter selects: GET /v1/jobs/count.
type Count struct {
	Count  int64        `json:"count"`
	Groups []CountGroup `json:"groups"`
	// Partial tells that the time for the scan was over: there are at least so many.
	Partial bool `json:"partial"`
}

// CountGroup is a part of a Count. Of State, Kind and Queue those are set that were grouped by.
type CountGroup struct {
	State string `json:"state,omitempty"`
	Kind  string `json:"kind,omitempty"`
	Queue string `json:"queue,omitempty"`
	Count int64  `json:"count"`
}

// NewJob describes a job to be enqueued. Only Kind is required.
type NewJob struct {
	ID    store.ID `json:"id,omitzero"` // default: a new one
	Kind  string   `json:"kind"`
	Queue string   `json:"queue,omitempty"` // default "default"
	// Args is any JSON value, see [ValueFromJSON]; or ArgsMsgpack is a msgpack value. Neither: null.
	Args        json.RawMessage `json:"args,omitempty"`
	ArgsMsgpack []byte          `json:"args_msgpack,omitempty"`

	Priority      int16      `json:"priority,omitempty"`
	RunAt         *time.Time `json:"run_at,omitempty"`   // no earlier than that
	DelayMS       int64      `json:"delay_ms,omitempty"` // no earlier than so long from now; not with RunAt
	Hold          bool       `json:"hold,omitempty"`     // pending until it is released
	MaxAttempts   int        `json:"max_attempts,omitempty"`
	MaxRecoveries int        `json:"max_recoveries,omitempty"`
	TimeoutMS     int64      `json:"timeout_ms,omitempty"`
	Unique        string     `json:"unique,omitempty"`
	UniqueUntil   string     `json:"unique_until,omitempty"` // "final" (the default), "start" or "deleted"
	// OnConflict says what becomes of the job if another one holds its unique key: "skip" (the
	// default) answers with the holder, "refuse" with the problem duplicate.
	OnConflict string   `json:"on_conflict,omitempty"`
	Tags       []string `json:"tags,omitempty"`
	Trace      string   `json:"trace,omitempty"`
}

// Enqueue is the body of POST /v1/jobs: up to 1,000 jobs, stored in one commit.
type Enqueue struct {
	Jobs []NewJob `json:"jobs"`
}

// Enqueued answers it, in the same order.
type Enqueued struct {
	Jobs []EnqueuedJob `json:"jobs"`
}

// EnqueuedJob is the job that is stored now; Existing tells that it was there before: because of
// its id, its unique key, or the Idempotency-Key of the request.
type EnqueuedJob struct {
	ID       store.ID `json:"id"`
	Existing bool     `json:"existing"`
}

// Result is the result of a completed job: GET /v1/jobs/{id}/result.
type Result struct {
	ID     store.ID        `json:"id"`
	Result json.RawMessage `json:"result"`
	// ResultMsgpack is given instead with values=msgpack.
	ResultMsgpack []byte `json:"result_msgpack,omitempty"`
}

// Failures are all failures of a job, oldest first: GET /v1/jobs/{id}/failures.
type Failures struct {
	ID       store.ID        `json:"id"`
	Failures []store.Failure `json:"failures"`
}

// Logs are lines of the log of a job: GET /v1/jobs/{id}/logs.
type Logs struct {
	ID    store.ID        `json:"id"`
	State store.State     `json:"state"`
	Lines []store.LogLine `json:"lines"`
	// Next is the after of the next request.
	Next int64 `json:"next"`
	// More tells that there are further lines now.
	More bool `json:"more"`
}

// Stack is what the goroutines of a running job are doing: GET /v1/jobs/{id}/stack.
type Stack struct {
	ID    store.ID `json:"id"`
	Stack string   `json:"stack"`
}

// Why explains a job: GET /v1/jobs/{id}/why.
type Why struct {
	Job      *Job     `json:"job"`
	Because  []string `json:"because"` // sentences, the most important first
	Remedies []Remedy `json:"remedies"`
}

// Remedy is something that may be done about a job: start, retry, resume, release, run-now, show or result.
type Remedy struct {
	Action string `json:"action"`
	Why    string `json:"why"`
}

// History is what happened to a job, oldest first: GET /v1/jobs/{id}/history.
type History struct {
	ID store.ID `json:"id"`
	// Job is null if it was deleted.
	Job    *Job           `json:"job"`
	Events []HistoryEvent `json:"events"`
}

// HistoryEvent is one thing that happened to a job. What is "created", "attempted", "failed",
// "finalised", or the verb that somebody asked for.
type HistoryEvent struct {
	At      time.Time    `json:"at"`
	What    string       `json:"what"`
	Attempt int          `json:"attempt,omitempty"`
	Text    string       `json:"text,omitempty"`
	By      *store.Actor `json:"by,omitempty"`
	Reason  string       `json:"reason,omitempty"`
}
