package wire

import (
	"encoding/json"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// The actions on jobs.
const (
	ActionRetry   = "retry"
	ActionCancel  = "cancel"
	ActionDelete  = "delete"
	ActionHold    = "hold"
	ActionRelease = "release"
	ActionRunNow  = "run-now"
)

// The actions on the file, which are operations too.
const (
	ActionCompact = "compact"
	ActionVerify  = "verify"
)

// Act is the body of POST /v1/jobs/act: an action on jobs that are named, at most 1,000, in one commit.
type Act struct {
	Action string     `json:"action"`
	IDs    []store.ID `json:"ids"`
	Reason string     `json:"reason,omitempty"`
}

// Acted answers it. Refused jobs were in a state in which the action makes no sense.
type Acted struct {
	Action  string     `json:"action"`
	Asked   int64      `json:"asked"`
	Done    int64      `json:"done"`
	Refused []Refusal  `json:"refused"`
	Missing []store.ID `json:"missing"`
}

// Refusal is a job that was left as it is.
type Refusal struct {
	ID    store.ID    `json:"id"`
	State store.State `json:"state"`
}

// Selection is what an operation with a filter would touch: GET /v1/selection?action=&q=&limit=.
type Selection struct {
	Action  string           `json:"action"`
	Filter  string           `json:"filter"` // in canonical form, with the states that the action implies
	Count   int64            `json:"count"`
	ByState map[string]int64 `json:"by_state"`
	ByKind  map[string]int64 `json:"by_kind"`
	ByQueue map[string]int64 `json:"by_queue"`
	Sample  []*Job           `json:"sample"`
	// IDs are the jobs, if there are at most 10,000 of them.
	IDs []store.ID `json:"ids,omitempty"`
	// Partial tells that the scan was ended early: there are at least so many.
	Partial bool `json:"partial"`
}

// NewOperation is the body of POST /v1/operations: an action on all jobs that a filter
// selects, or on those that are named (up to 10,000), carried out by the server in
// chunks; or an action on the file. With both, the named jobs are changed as far as they are
// still in a state that the filter selects.
type NewOperation struct {
	Action string     `json:"action"`
	Filter string     `json:"filter,omitempty"`
	IDs    []store.ID `json:"ids,omitempty"`
	// Limit ends it after so many jobs were changed; 0: none.
	Limit int64 `json:"limit,omitempty"`
	// Expect refuses it (problem count_moved) unless the filter selects exactly so many.
	Expect *int64 `json:"expect,omitempty"`
	// Rate is how many jobs are changed in a second, at the most; 0: any number.
	Rate   float64 `json:"rate,omitempty"`
	Reason string  `json:"reason,omitempty"`
}

// Operation is how far an operation is: GET /v1/operations/{id}.
type Operation struct {
	ID     string       `json:"id"`
	Action string       `json:"action"`
	Filter string       `json:"filter,omitempty"`
	State  string       `json:"state"` // running, done, stopped or failed
	By     *store.Actor `json:"by,omitempty"`
	Reason string       `json:"reason,omitempty"`

	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at"`

	// Total is how many jobs were selected when it began, Seen how many of them it has come to, Done
	// how many it has changed. Refused and Missing had moved on or were gone; the samples name some.
	Total         int64      `json:"total"`
	Seen          int64      `json:"seen"`
	Done          int64      `json:"done"`
	Refused       int64      `json:"refused"`
	Missing       int64      `json:"missing"`
	RefusedSample []Refusal  `json:"refused_sample"`
	MissingSample []store.ID `json:"missing_sample"`

	// Report is what an action on the file found or did.
	Report json.RawMessage `json:"report,omitempty"`
	// Error says why it failed.
	Error *Problem `json:"error,omitempty"`
}

// The states of an operation.
const (
	OperationRunning = "running"
	OperationDone    = "done"
	OperationStopped = "stopped"
	OperationFailed  = "failed"
)

// Ended tells whether the operation will change nothing any more.
func (o *Operation) Ended() bool { return o.State != OperationRunning }

// Operations are those that the server remembers, newest first: GET /v1/operations.
type Operations struct {
	Operations []*Operation `json:"operations"`
}

// Compacted is the Report of compact.
type Compacted struct {
	BeforeBytes int64 `json:"before_bytes"`
	AfterBytes  int64 `json:"after_bytes"`
	TookMS      int64 `json:"took_ms"`
	PauseMS     int64 `json:"pause_ms"`
}

// Verified is the Report of verify.
type Verified struct {
	Jobs     int64            `json:"jobs"`
	States   map[string]int64 `json:"states"`
	Problems []string         `json:"problems"` // at most 1,000 of them
	Total    int64            `json:"total"`    // of the problems
}
