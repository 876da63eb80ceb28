package top

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// room is how many lines there are between the first and the last line of the screen.
func (m *Model) room() int { return m.height - 2 }

// View implements [tea.Model].
func (m *Model) View() string {
	var body []line
	switch {
	case m.help:
		body = m.helpText()
	case m.detail != nil:
		d := m.detail
		if d.text == nil && d.asking {
			body = []line{words(faint, "…")}
		} else {
			body = d.text[min(d.offset, len(d.text)):]
		}
	default:
		body = m.lists(m.room())
	}
	lines := append([]line{m.header()}, body[:min(len(body), m.room())]...)
	for len(lines) < m.height-1 {
		lines = append(lines, nil)
	}
	return m.screen.render(append(lines, m.footer()))
}

// header says what is looked at, and how it is.
func (m *Model) header() line {
	if m.data.status == nil {
		if m.trouble != nil {
			return line{{bold, m.cfg.File}, {red, "  " + explain(m.trouble)}}
		}
		return line{{bold, m.cfg.File}, {faint, "  …"}}
	}
	l := line{{bold, m.cfg.File}, {plain, "  "}}
	if d := m.detail; d != nil {
		what := "job "
		if d.stack {
			what = "stack of job "
		}
		l = append(l, span{plain, what}, span{bold, d.id.String()}, span{plain, "  "})
	}
	if m.filter != "" && m.detail == nil {
		l = append(l, span{cyan, "filter " + m.filter}, span{plain, "  "})
	}
	if m.trouble != nil {
		return append(l, span{red, fmt.Sprintf("no answer since %s: %s", lasting(m.cfg.Now().Sub(m.since)), explain(m.trouble))})
	}
	if waits := m.cfg.Now().Sub(m.asked); m.asking && waits > slow {
		return append(l, span{red, "no answer for " + lasting(waits)})
	}
	i := &m.data.status.Info
	if m.detail != nil && i.Live {
		return l
	}
	if i.Live {
		l = append(l, span{green, "live"}, span{plain, fmt.Sprintf(" (pid %d%s)", i.PID, uptime(i, m.cfg.Now()))})
	} else {
		l = append(l, span{yellow, "no program works on it"})
	}
	l = append(l, span{plain, "  " + humanize.IBytes(uint64(max(i.File.SizeBytes, 0)))})
	h := &m.data.status.Hour
	l = append(l, span{plain, fmt.Sprintf("  last hour: %s done, %s failed", number(h.Completed), number(h.Failed+h.Discarded))})
	return l
}

func uptime(i *wire.Info, now time.Time) string {
	if i.StartedAt == nil {
		return ""
	}
	return ", up " + lasting(now.Sub(*i.StartedAt))
}

// footer is a question, what became of something, or the keys.
func (m *Model) footer() line {
	if p := m.prompt; p != nil {
		l := line{{bold, p.question}, {plain, string(p.input)}}
		if p.typed {
			l = append(l, span{reverse, " "})
		}
		if p.why != "" {
			l = line{{red, p.why}}
		}
		return l
	}
	if m.notice != "" && m.cfg.Now().Sub(m.noted) < noticeTime {
		return words(yellow, m.notice)
	}
	switch {
	case m.help:
		return words(faint, "any key goes back")
	case m.detail != nil:
		return words(faint, "j k scroll  r retry  c cancel  d delete  s stack  esc back  ? help  q quit")
	}
	return words(faint, paneKeys[m.focus]+"  tab next list  / filter  ? help  q quit")
}

// paneKeys are the keys that do something in a pane.
var paneKeys = [panes]string{
	paneQueues:     "enter jobs  p pause  u resume",
	paneJobs:       "enter look  r retry  c cancel  d delete",
	paneFailures:   "enter look  r retry  d delete",
	paneOperations: "c stop",
	paneBatches:    "enter jobs  r retry",
}

func (m *Model) helpText() []line {
	lines := []line{words(bold, "keys"), nil}
	for _, k := range keys {
		lines = append(lines, m.screen.hang(14, span{bold, k.key}, plain, k.does)...)
	}
	return lines
}
