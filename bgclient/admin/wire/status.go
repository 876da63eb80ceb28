package wire

import (
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Info is who answers: GET /v1/info.
type Info struct {
	API      int      `json:"api"`     // 1
	Version  string   `json:"version"` // of bgq
	Live     bool     `json:"live"`    // a program works on the queue; otherwise the file is open for moments
	PID      int      `json:"pid"`     // of the program, or of the command
	File     FileInfo `json:"file"`
	Instance string   `json:"instance"` // differs after each start

	StartedAt    *time.Time `json:"started_at"`
	Capabilities []string   `json:"capabilities"` // "events", "stacks", "workers", "compact": what this one can do
	Kinds        []string   `json:"kinds"`        // with a handler; null when not live
	ReadOnly     bool       `json:"read_only"`
}

// FileInfo describes the file.
type FileInfo struct {
	Path      string `json:"path"`
	Format    int    `json:"format"`
	SizeBytes int64  `json:"size_bytes"`
	FreeBytes int64  `json:"free_bytes"` // inside of the file, to be used again; only when live
}

// Status is one screen: GET /v1/status.
type Status struct {
	Info   Info             `json:"info"`
	Now    time.Time        `json:"now"`
	Totals map[string]int64 `json:"totals"` // by state
	Queues []*Queue         `json:"queues"` // but those of batches, unless they are paused
	// Batches are those that have not ended, by name; if there are more than 200, the ones that run and the newest.
	Batches []*Batch `json:"batches"`
	// BatchesOpen is how many batches have not ended.
	BatchesOpen int `json:"batches_open"`
	// BatchesEnded is how many batches have ended, BatchesFailed how many of these not well.
	BatchesEnded  int `json:"batches_ended"`
	BatchesFailed int `json:"batches_failed"`
	// Running are up to ten jobs that run or, if nothing is live, were running when their process died.
	Running    []*Job       `json:"running"`
	Operations []*Operation `json:"operations"` // that are running
	// Hour sums up the last 60 minutes.
	Hour Flow `json:"hour"`
}

// Queue is a queue: GET /v1/queues, /v1/queues/{name}.
type Queue struct {
	Name     string       `json:"name"`
	Paused   bool         `json:"paused"`
	Reason   string       `json:"reason"`
	Since    *time.Time   `json:"since"`
	PausedBy *store.Actor `json:"paused_by,omitempty"`

	Counts   map[string]int64 `json:"counts"`    // by state, all eight
	OldestAt *time.Time       `json:"oldest_at"` // since when the first available job waits

	// Workers and Rate are the settings that were put; 0: none.
	Workers int     `json:"workers"`
	Rate    float64 `json:"rate"`
	// Served tells that the live program works on the queue, with so many workers, of which so many are busy.
	Served      bool `json:"served"`
	WorkersLive int  `json:"workers_live"`
	Busy        int  `json:"busy"`

	// DonePerMinute counts completed jobs over the last five minutes. Recent is how many ended in
	// each of the last 30 minutes, oldest first.
	DonePerMinute float64 `json:"done_per_minute"`
	Recent        []int64 `json:"recent"`
}

// Queues are all queues by name: GET /v1/queues.
type Queues struct {
	Queues []*Queue `json:"queues"`
}

// QueueChange is the body of PATCH /v1/queues/{name}: what is null stays as it is.
type QueueChange struct {
	Paused  *bool    `json:"paused,omitempty"`
	Reason  *string  `json:"reason,omitempty"`
	Workers *int     `json:"workers,omitempty"`
	Rate    *float64 `json:"rate,omitempty"`
}

// Batch is how far a batch is: GET /v1/batches, /v1/batches/{name}.
type Batch struct {
	Name      string           `json:"name"`
	Kind      string           `json:"kind"`
	Queue     string           `json:"queue"`
	State     string           `json:"state"` // open, running, failed or completed
	CreatedAt *time.Time       `json:"created_at"`
	Total     int64            `json:"total"` // members it has or is meant to have
	Done      int64            `json:"done"`  // members that have ended
	Counts    map[string]int64 `json:"counts"`
	// InfoMsgpack is what the owner of the batch keeps with it, for who asks with values=msgpack.
	InfoMsgpack []byte `json:"info_msgpack,omitempty"`
}

// Batches are all batches, by name: GET /v1/batches.
type Batches struct {
	Batches []*Batch `json:"batches"`
}

// Flow is what happened in a span of time. Waits are from when a job could have run to its start, runs
// from there to its end; they are estimates, right to about 20 %.
type Flow struct {
	Enqueued  int64 `json:"enqueued"`
	Started   int64 `json:"started"`
	Completed int64 `json:"completed"`
	Failed    int64 `json:"failed"` // and tried again
	Discarded int64 `json:"discarded"`
	Cancelled int64 `json:"cancelled"`

	WaitP50MS float64 `json:"wait_p50_ms"`
	WaitP95MS float64 `json:"wait_p95_ms"`
	WaitP99MS float64 `json:"wait_p99_ms"`
	RunP50MS  float64 `json:"run_p50_ms"`
	RunP95MS  float64 `json:"run_p95_ms"`
	RunP99MS  float64 `json:"run_p99_ms"`
}

// Stats is what happened in a window of time: GET /v1/stats?window=1h&by=kind&step=1m.
type Stats struct {
	From   time.Time     `json:"from"`
	To     time.Time     `json:"to"`
	Total  Flow          `json:"total"`
	Groups []StatsGroup  `json:"groups"` // largest first; with by
	Series []StatsBucket `json:"series"` // oldest first; with step
}

// StatsGroup is the part of one queue or kind.
type StatsGroup struct {
	Queue string `json:"queue,omitempty"`
	Kind  string `json:"kind,omitempty"`
	Flow
}

// StatsBucket is the part of one step of time.
type StatsBucket struct {
	At     time.Time `json:"at"`
	SpanMS int64     `json:"span_ms"`
	Flow
}

// ErrorGroups are the kinds of trouble that failed jobs have, the most frequent first: GET /v1/errors?q=.
type ErrorGroups struct {
	Groups  []ErrorGroup `json:"groups"`
	Jobs    int64        `json:"jobs"` // in all groups
	Scanned int64        `json:"scanned"`
	// Partial tells that the scan was ended early.
	Partial bool `json:"partial"`
}

// ErrorGroup is one of them. Filter selects its jobs.
type ErrorGroup struct {
	Fingerprint string           `json:"fingerprint"`
	Kind        string           `json:"kind"`
	FailureKind string           `json:"failure_kind"`
	Type        string           `json:"type"`
	Pattern     string           `json:"pattern"`
	Message     string           `json:"message"` // of the newest
	Count       int64            `json:"count"`
	FirstAt     time.Time        `json:"first_at"`
	LastAt      time.Time        `json:"last_at"`
	Queues      map[string]int64 `json:"queues"`
	Example     store.ID         `json:"example"`
	Filter      string           `json:"filter"`
}

// Audit is who changed what, newest first: GET /v1/audit?job=&before=&limit=.
type Audit struct {
	Entries []AuditEntry `json:"entries"`
	// Next is the before of the next page, 0 at the end.
	Next uint64 `json:"next"`
}

// AuditEntry is one change that somebody asked for.
type AuditEntry struct {
	Seq       uint64      `json:"seq"`
	At        time.Time   `json:"at"`
	By        store.Actor `json:"by"`
	Verb      string      `json:"verb"`
	Reason    string      `json:"reason,omitempty"`
	Operation string      `json:"operation,omitempty"`
	Filter    string      `json:"filter,omitempty"` // what selected the jobs
	Queue     string      `json:"queue,omitempty"`
	Batch     string      `json:"batch,omitempty"`
	Detail    string      `json:"detail,omitempty"`
	Jobs      int         `json:"jobs"`    // how many were changed
	JobIDs    []store.ID  `json:"job_ids"` // up to 100 of them
}

// Event tells that something has changed: GET /v1/events. As SSE its name is "job", "queue" or
// "gap", its id is ID. As NDJSON each line is an Event.
type Event struct {
	ID   string    `json:"id"`   // Last-Event-ID, or after=, goes on behind it
	Type string    `json:"type"` // job, queue, gap
	At   time.Time `json:"at,omitzero"`

	Job     store.ID `json:"job,omitzero"`
	Kind    string   `json:"kind,omitempty"`
	Queue   string   `json:"queue,omitempty"`
	Batch   string   `json:"batch,omitempty"`
	Index   int64    `json:"index,omitempty"`
	Attempt int      `json:"attempt,omitempty"`
	From    string   `json:"from,omitempty"` // "" for a new job
	To      string   `json:"to,omitempty"`   // "" for one that was deleted
}

// The types of an Event. A gap means: events were lost to you, look at everything again.
const (
	EventJob   = "job"
	EventQueue = "queue"
	EventGap   = "gap"
)
