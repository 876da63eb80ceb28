package top

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

func cells(texts ...string) []span {
	out := make([]span, len(texts))
	for i, t := range texts {
		out[i] = span{plain, t}
	}
	return out
}

func (m *Model) queueList() list {
	bars, title := 30, "LAST 30 MIN"
	if m.screen.width > 0 && m.screen.width < 112 {
		bars, title = 10, "30 MIN"
	}
	l := list{columns: []column{
		{name: "QUEUE", flex: true}, {name: "STATE"}, {name: "READY", right: true}, {name: "RUNNING", right: true},
		{name: "SCHED", right: true}, {name: "FAILED", right: true},
		{name: "OLDEST", right: true}, {name: "DONE/MIN", right: true}, {name: title},
	}}
	live := m.live()
	for _, q := range m.data.status.Queues {
		if q.Name == ownQueue && !q.Paused && slices.Max(slices.Collect(maps.Values(q.Counts))) == 0 {
			continue
		}
		state := span{plain, "open"}
		switch {
		case q.Paused:
			state = span{yellow, "paused"}
		case live && !q.Served:
			state = span{yellow, "no workers"}
		}
		running := number(q.Counts["running"])
		if live && q.Served {
			running = fmt.Sprintf("%d/%d", q.Busy, q.WorkersLive)
		}
		oldest := "-"
		if q.OldestAt != nil {
			oldest = lasting(m.cfg.Now().Sub(*q.OldestAt))
		}
		r := cells(q.Name, "", number(q.Counts["available"]), running, number(q.Counts["scheduled"]),
			number(failed(q.Counts)), oldest, rate(q.DonePerMinute), sparkline(condense(q.Recent, bars)))
		r[1] = state
		if failed(q.Counts) > 0 {
			r[5].style = red
		}
		l.rows = append(l.rows, row{q.Name, r})
	}
	if len(l.rows) == 0 {
		l.note = "no queue has jobs"
	}
	return l
}

// ownQueue is the queue in which bgclient keeps calls of closures: it is shown only when it has some.
const ownQueue = "func"

func (m *Model) jobList() list {
	if m.narrowed {
		return m.anyJobList()
	}
	l := list{columns: []column{
		{name: "RUNNING"}, {name: "KIND", flex: true}, {name: "QUEUE", flex: true}, {name: "TRY", right: true},
		{name: "FOR", right: true}, {name: "PROGRESS", flex: true},
	}}
	for _, j := range m.data.jobs {
		since := "-"
		if j.AttemptedAt != nil {
			since = lasting(m.cfg.Now().Sub(*j.AttemptedAt))
		}
		l.rows = append(l.rows, row{j.ID.String(), cells(j.ID.String(), j.Kind, j.Queue, tries(j), since, progress(j.Progress))})
	}
	switch {
	case m.data.more:
		l.note = fmt.Sprintf("there are more: these are %d", len(l.rows))
	case len(l.rows) > 0 && !m.live():
		l.note = "these were running when their process died; they run again when the program starts"
	case len(l.rows) == 0 && m.filter != "":
		l.note = "no job runs that the filter selects"
	}
	return l
}

// anyJobList is the list of jobs when the filter says in which states.
func (m *Model) anyJobList() list {
	l := list{columns: []column{
		{name: "JOB"}, {name: "STATE"}, {name: "KIND", flex: true}, {name: "QUEUE", flex: true}, {name: "TRY", right: true},
		{name: "AGE", right: true}, {name: "ERROR", flex: true},
	}}
	for _, j := range m.data.jobs {
		message := ""
		if j.Error != nil && j.State != store.Completed {
			message = *j.Error
		}
		r := cells(j.ID.String(), j.State.String(), j.Kind, j.Queue, tries(j), lasting(m.cfg.Now().Sub(at(j.CreatedAt))), message)
		r[1].style = stateStyle(j.State)
		l.rows = append(l.rows, row{j.ID.String(), r})
	}
	switch {
	case m.data.more:
		l.note = fmt.Sprintf("there are more: these are %d", len(l.rows))
	case len(l.rows) == 0:
		l.note = "no job matches the filter"
	}
	return l
}

func stateStyle(s store.State) style {
	switch s {
	case store.Running:
		return cyan
	case store.Completed:
		return green
	case store.Retryable:
		return yellow
	case store.Discarded:
		return red
	case store.Cancelled:
		return faint
	}
	return plain
}

func groupKey(g *wire.ErrorGroup) string { return g.Kind + "\x00" + g.Fingerprint }

func (m *Model) failureList() list {
	l := list{columns: []column{
		{name: "FAILED", right: true}, {name: "LAST", right: true}, {name: "KIND", flex: true}, {name: "ERROR", flex: true},
	}}
	for i := range m.groups.list {
		g := &m.groups.list[i]
		r := cells(number(g.Count), lasting(m.cfg.Now().Sub(g.LastAt)), g.Kind, g.Message)
		r[0].style = red
		l.rows = append(l.rows, row{groupKey(g), r})
	}
	switch {
	case m.groups.tooMany:
		l.note = "too many jobs have failed to group them in passing: bgq errors does"
	case m.groups.partial:
		l.note = "not all failed jobs were looked at: there are too many"
	}
	return l
}

func (m *Model) operationList() list {
	l := list{columns: []column{
		{name: "OPERATION"}, {name: "ACTION"}, {name: "STATE"}, {name: "DONE", right: true}, {name: "FOR", right: true}, {name: "ON", flex: true},
	}}
	for _, o := range m.data.operations {
		end := m.cfg.Now()
		if o.EndedAt != nil {
			end = *o.EndedAt
		}
		r := cells(o.ID, o.Action, o.State, number(o.Done)+"/"+number(o.Total), lasting(end.Sub(o.StartedAt)), o.Filter)
		switch o.State {
		case wire.OperationRunning:
			r[2].style = cyan
		case wire.OperationFailed:
			r[2].style = red
		}
		l.rows = append(l.rows, row{o.ID, r})
	}
	return l
}

func (m *Model) batchList() list {
	l := list{columns: []column{
		{name: "BATCH", flex: true}, {name: "STATE"}, {name: "DONE", right: true}, {name: "%", right: true}, {name: "RUNNING", right: true},
		{name: "FAILED", right: true}, {name: "KIND", flex: true},
	}}
	for _, b := range m.data.status.Batches {
		percent := "-"
		if b.Total > 0 {
			percent = strconv.FormatInt(100*b.Done/b.Total, 10)
		}
		r := cells(b.Name, b.State, number(b.Done)+"/"+number(b.Total), percent, number(b.Counts["running"]), number(failed(b.Counts)), b.Kind)
		if failed(b.Counts) > 0 {
			r[5].style = red
		}
		l.rows = append(l.rows, row{b.Name, r})
	}
	if n := m.data.status.BatchesOpen - len(l.rows); n > 0 {
		l.note = fmt.Sprintf("and %s more", number(int64(n)))
	}
	return l
}

func tries(j *wire.Job) string { return strconv.Itoa(j.Attempt) + "/" + strconv.Itoa(j.MaxAttempts) }

func progress(p *wire.Progress) string {
	switch {
	case p == nil:
		return ""
	case p.Total > 0:
		return fmt.Sprintf("%s/%s %s", number(p.Done), number(p.Total), p.Note)
	case p.Done > 0:
		return fmt.Sprintf("%s %s", number(p.Done), p.Note)
	}
	return p.Note
}

// lasting writes a length of time in its two largest units: 3d4h, 1m05s, 12s.
func lasting(d time.Duration) string {
	d = max(d, 0)
	const day = 24 * time.Hour
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%dh", d/day, d%day/time.Hour)
}
