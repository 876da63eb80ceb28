package top

import "github.com/bgq-dev/bgq/bgclient/admin/wire"

// pane is one of the lists on the screen, in their order.
type pane int

const (
	paneQueues pane = iota
	paneJobs
	paneFailures
	paneOperations
	paneBatches

	panes int = iota
)

// list is what a pane shows: its columns, the first of which names it, and its rows.
type list struct {
	columns []column
	rows    []row
	note    string // below the rows
}

// list returns what a pane shows. It has no rows if there is nothing to show.
func (m *Model) list(p pane) list {
	if m.data.status == nil {
		return list{}
	}
	switch p {
	case paneQueues:
		return m.queueList()
	case paneJobs:
		return m.jobList()
	case paneFailures:
		return m.failureList()
	case paneOperations:
		return m.operationList()
	}
	return m.batchList()
}

// shows tells whether a pane has a place on the screen.
func (m *Model) shows(p pane) bool {
	l := m.list(p)
	return p == paneQueues || len(l.rows) > 0 || l.note != ""
}

// selected returns the index of the selected row among rows, or -1 if there is none.
func (m *Model) selected(p pane, rows []row) int {
	c := &m.at[p]
	for i := range rows {
		if rows[i].key == c.key {
			return i
		}
	}
	return min(c.n, len(rows)-1)
}

// move moves the selection of the pane in focus.
func (m *Model) move(by int) {
	rows := m.list(m.focus).rows
	if len(rows) == 0 {
		return
	}
	n := min(max(m.selected(m.focus, rows)+by, 0), len(rows)-1)
	m.at[m.focus] = cursor{key: rows[n].key, n: n}
}

// turn gives the focus to the next pane that is shown.
func (m *Model) turn(by int) {
	for range panes {
		m.focus = pane((int(m.focus) + by + panes) % panes)
		if m.shows(m.focus) {
			return
		}
	}
}

// here returns the key of the selected row of the pane in focus, or "".
func (m *Model) here() string {
	rows := m.list(m.focus).rows
	if i := m.selected(m.focus, rows); i >= 0 {
		return rows[i].key
	}
	return ""
}

// job returns the selected job, or nil.
func (m *Model) job() *wire.Job {
	if m.focus != paneJobs {
		return nil
	}
	key := m.here()
	for _, j := range m.data.jobs {
		if j.ID.String() == key {
			return j
		}
	}
	return nil
}

// failure returns the selected group of failures, or nil.
func (m *Model) failure() *wire.ErrorGroup {
	if m.focus != paneFailures {
		return nil
	}
	key := m.here()
	for i := range m.groups.list {
		if g := &m.groups.list[i]; groupKey(g) == key {
			return g
		}
	}
	return nil
}
