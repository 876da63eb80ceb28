package storetest

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

// drawLines draws what an attempt has written.
func (m *machine) drawLines(t *rapid.T) []store.LogLine {
	if !chance(t, 3, "with lines") {
		return nil
	}
	var lines []store.LogLine
	for i := range rapid.IntRange(1, 3).Draw(t, "lines") {
		lines = append(lines, store.LogLine{At: m.start, Attempt: i, Level: "info", Text: fmt.Sprint("line ", m.written)})
		m.written++
	}
	return lines
}

// write appends lines to a log of the reference.
func (r *reference) write(id store.ID, lines []store.LogLine) {
	for _, l := range lines {
		l.Seq = int64(len(r.logs[id]) + 1)
		r.logs[id] = append(r.logs[id], l)
	}
}

// compareLogs holds the log of every job against the reference.
func (m *machine) compareLogs(t *rapid.T) {
	for _, j := range m.sorted() {
		got, err := m.s.Logs(t.Context(), j.ID, 0, 0)
		for i := range got {
			got[i].At = got[i].At.Round(0).UTC()
		}
		agree(t, "Logs", m.logs[j.ID], got, err)
	}
}
