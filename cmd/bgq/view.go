package main

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/bgq-dev/bgq/store"
)

// jobView is a job as JSON. The names are an interface: scripts and other programs
// read them. What a job does not have is null; args, result and the rest are
// shown as [valueJSON] says.
type jobView struct {
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
	Error       *string         `json:"error"`
	Failures    []store.Failure `json:"failures"`
	Reason      string          `json:"reason,omitempty"`
	Progress    *progressView   `json:"progress,omitempty"`
}

type progressView struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	Note  string `json:"note"`
}

// viewParts are the parts that a jobView is made of.
const viewParts = store.PartArgs | store.PartResult | store.PartFailures

func viewJob(j *store.Job) any {
	v := jobView{
		ID: j.ID, State: j.State, Kind: j.Kind, Queue: j.Queue, Priority: j.Priority,
		Attempt: j.Attempt, MaxAttempts: j.MaxAttempts, Recoveries: j.Recoveries,
		CreatedAt: timeOrNil(j.CreatedAt), RunAt: timeOrNil(j.RunAt),
		AttemptedAt: timeOrNil(j.AttemptedAt), FinalisedAt: timeOrNil(j.FinalisedAt),
		Tags: j.Tags, Args: valueJSON(j.Args), Result: valueJSON(j.Result),
		Failures: j.Failures, Reason: j.Reason,
	}
	if j.Batch != "" {
		v.Batch, v.Index = &j.Batch, &j.Index
	}
	if f := lastFailure(j); f != nil {
		v.Error = &f.Message
	}
	if v.Tags == nil {
		v.Tags = []string{}
	}
	if v.Failures == nil {
		v.Failures = []store.Failure{}
	}
	if j.Progress != (store.Progress{}) {
		v.Progress = (*progressView)(&j.Progress)
	}
	return v
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func lastFailure(j *store.Job) *store.Failure {
	if len(j.Failures) == 0 {
		return nil
	}
	return &j.Failures[len(j.Failures)-1]
}

// jobColumns are the columns of a table of jobs.
var jobColumns = []column{
	{name: "ID"}, {name: "STATE"}, {name: "KIND", flex: true}, {name: "QUEUE", flex: true},
	{name: "TRY", right: true}, {name: "WHEN"}, {name: "ERROR", flex: true},
}

// jobRow is a job as cells for jobColumns. The job has been read with PartFailures.
func (a *app) jobRow(j *store.Job) []string {
	failure := ""
	if f := lastFailure(j); f != nil && j.State != store.Completed {
		failure = clean(f.Message)
	}
	return []string{
		j.ID.String(), a.state(j.State), clean(j.Kind), clean(j.Queue),
		tries(j), a.when(jobTime(j)), failure,
	}
}

// jobTime is the time that matters most in the state of a job.
func jobTime(j *store.Job) time.Time {
	switch j.State {
	case store.Completed, store.Cancelled, store.Discarded:
		return j.FinalisedAt
	case store.Running:
		return j.AttemptedAt
	case store.Scheduled, store.Retryable:
		return j.RunAt
	}
	return j.CreatedAt
}

func tries(j *store.Job) string {
	return strconv.Itoa(j.Attempt) + "/" + strconv.Itoa(j.MaxAttempts)
}

// state is the name of a state, coloured on a terminal.
func (a *app) state(s store.State) string {
	colours := map[store.State]text.Colors{
		store.Running: {text.FgCyan}, store.Completed: {text.FgGreen},
		store.Retryable: {text.FgYellow}, store.Discarded: {text.FgRed},
		store.Cancelled: {text.Faint},
	}
	return a.paint(colours[s], s.String())
}

// timeStyle is how tables show times. JSON always has RFC 3339.
type timeStyle string

const (
	timesRelative timeStyle = "relative" // 3h ago, in 5m
	timesISO      timeStyle = "iso"      // RFC 3339, UTC
)

// when writes a time for people.
func (a *app) when(t time.Time) string {
	switch {
	case t.IsZero():
		return "-"
	case a.times == timesISO:
		return t.UTC().Format(time.RFC3339)
	}
	return relative(t.Sub(a.now()))
}

// relative writes how far a time is from now: 3h ago, in 5m.
func relative(d time.Duration) string {
	d = d.Round(time.Second)
	origin := time.Time{}
	switch s := humanize.CustomRelTime(origin, origin.Add(d.Abs()), "", "", spans); {
	case d < 0:
		return s + " ago"
	case d > 0:
		return "in " + s
	}
	return "now"
}

const year = 365 * humanize.Day

// spans are the units of relative times: each is used below its bound.
var spans = []humanize.RelTimeMagnitude{
	{D: time.Minute, Format: "%ds", DivBy: time.Second},
	{D: time.Hour, Format: "%dm", DivBy: time.Minute},
	{D: 2 * humanize.Day, Format: "%dh", DivBy: time.Hour},
	{D: 2 * year, Format: "%dd", DivBy: humanize.Day},
	{D: math.MaxInt64, Format: "%dy", DivBy: year},
}

// size writes a number of bytes for people.
func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// number writes a count for people.
func number(n int64) string { return humanize.Comma(n) }

// plural writes a count with its noun.
func plural(n int64, noun string) string { return plurals(n, noun, noun+"s") }

// plurals is plural for nouns that do not just take an s.
func plurals(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}
