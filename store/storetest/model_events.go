package storetest

import (
	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

// follow begins to replay the feed of the store that was just opened, if it has one.
func (m *machine) follow() {
	m.feed = nil
	if f, ok := m.s.(store.Feed); ok {
		m.feed = &feed{f, f.Position()}
	}
	m.replayed = map[store.ID]store.State{}
	for id, j := range m.jobs {
		m.replayed[id] = j.State
	}
}

// compareEvents replays what has happened, and holds the states that come of it against the
// reference.
func (m *machine) compareEvents(t *rapid.T) {
	if m.feed == nil {
		return
	}
	for m.feed.at != m.feed.Position() {
		events, next, gap, err := m.feed.Events(t.Context(), m.feed.at, 2)
		if err != nil || gap || len(events) == 0 {
			t.Fatalf("Events: %+v, gap %v, %v", events, gap, err)
		}
		m.feed.at = next
		for _, e := range events {
			if e.Job.IsZero() {
				continue
			}
			if m.replayed[e.Job] != e.From {
				t.Fatalf("Events: job %s was %s, and an event takes it from %s to %s", e.Job, m.replayed[e.Job], e.From, e.To)
			}
			if e.To == 0 {
				delete(m.replayed, e.Job)
			} else {
				m.replayed[e.Job] = e.To
			}
		}
	}
	for id, j := range m.jobs {
		if m.replayed[id] != j.State {
			t.Fatalf("Events: job %s is %s, and its events lead to %s", id, j.State, m.replayed[id])
		}
	}
	if len(m.replayed) != len(m.jobs) {
		t.Fatalf("Events: they lead to %d jobs, there are %d", len(m.replayed), len(m.jobs))
	}
}
