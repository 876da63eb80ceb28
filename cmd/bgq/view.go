package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// jobColumns are the columns of a table of jobs.
var jobColumns = []column{
	{name: "ID"}, {name: "STATE"}, {name: "KIND", flex: true}, {name: "QUEUE", flex: true}, {name: "PRIORITY", right: true, wide: true},
	{name: "TRY", right: true}, {name: "WHEN"}, {name: "CREATED", wide: true}, {name: "BATCH", wide: true}, {name: "TAGS", wide: true},
	{name: "PROGRESS", wide: true}, {name: "ERROR", flex: true},
}

// newJobList is a list of jobs, which are read with their failures.
func newJobList(a *app) *list[*wire.Job] {
	return newList(a, jobColumns, a.jobRow, func(j *wire.Job) string { return j.ID.String() })
}

func (a *app) jobRow(j *wire.Job) []string {
	return []string{
		j.ID.String(), a.state(j.State), clean(j.Kind), clean(j.Queue), strconv.Itoa(int(j.Priority)),
		tries(j), a.when(jobTime(j)), a.when(j.CreatedAt), member(j), clean(strings.Join(j.Tags, ",")),
		progress(j.Progress), failureOf(j),
	}
}

// failureOf is the message of the latest failure, if it still matters.
func failureOf(j *wire.Job) string {
	if j.Error == nil || j.State == store.Completed {
		return ""
	}
	return clean(*j.Error)
}

// member is the place of a job in its batch.
func member(j *wire.Job) string {
	if j.Batch == nil {
		return ""
	}
	return fmt.Sprintf("%s %d", clean(*j.Batch), indexOf(j))
}

func indexOf(j *wire.Job) int64 {
	if j.Index == nil {
		return 0
	}
	return *j.Index
}

// jobTime is the time that matters most in the state of a job.
func jobTime(j *wire.Job) *time.Time {
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

func tries(j *wire.Job) string {
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

func progress(p *wire.Progress) string {
	if p == nil {
		return ""
	}
	s := number(p.Done)
	if p.Total > 0 {
		s += " of " + number(p.Total)
	}
	if p.Note != "" {
		s += ": " + clean(p.Note)
	}
	return s
}

// by is who did something, for people.
func by(who *store.Actor) string {
	if who == nil {
		return ""
	}
	s := clean(who.Name)
	if s == "" && who.UID >= 0 {
		s = "uid " + strconv.Itoa(who.UID)
	}
	if s == "" {
		s = "somebody"
	}
	if who.Via != "" {
		s += " via " + clean(who.Via)
	}
	return s
}
