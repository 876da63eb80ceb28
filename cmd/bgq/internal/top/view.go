package top

import (
	"fmt"
	"strings"
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
	if m.trouble != nil {
		return append(l, span{red, fmt.Sprintf("no answer since %s: %s", lasting(m.cfg.Now().Sub(m.since)), explain(m.trouble))})
	}
	i := &m.data.status.Info
	if i.Live {
		l = append(l, span{green, "live"}, span{plain, fmt.Sprintf(" (pid %d%s)", i.PID, uptime(i, m.cfg.Now()))})
	} else {
		l = append(l, span{yellow, "no program works on it"})
	}
	l = append(l, span{plain, "  " + humanize.IBytes(uint64(max(i.File.SizeBytes, 0)))})
	h := &m.data.status.Hour
	l = append(l, span{plain, fmt.Sprintf("  last hour: %s done, %s failed", number(h.Completed), number(h.Failed+h.Discarded))})
	if m.detail != nil {
		what := "job "
		if m.detail.stack {
			what = "stack of job "
		}
		return line{{bold, m.cfg.File}, {plain, "  " + what}, {bold, m.detail.id.String()}}
	}
	if m.filter != "" {
		l = append(l, span{cyan, "  filter " + m.filter})
	}
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
	return words(faint, "j k move  tab next list  enter look  / filter  p pause  u resume  r retry  c cancel  d delete  ? help  q quit")
}

func (m *Model) helpText() []line {
	lines := []line{words(bold, "keys"), nil}
	for _, k := range keys {
		for i, l := range m.screen.wrap(plain, k.does) {
			head := strings.Repeat(" ", 14)
			if i == 0 {
				head = fmt.Sprintf("%-14s", k.key)
			}
			lines = append(lines, append(line{{bold, head}}, l...))
		}
	}
	return lines
}

// lists draws the panes into a number of lines; 0: as many as there are.
func (m *Model) lists(room int) []line {
	if m.data.status == nil {
		return nil
	}
	var all []pane
	blocks := make([][]line, panes)
	for p := range pane(panes) {
		if m.shows(p) {
			all = append(all, p)
			blocks[p] = m.block(p)
		}
	}
	var lines []line
	for _, share := range m.shares(all, blocks, room) {
		if len(lines) > 0 {
			lines = append(lines, nil)
		}
		lines = append(lines, m.window(share.pane, blocks[share.pane], share.lines)...)
	}
	return lines
}

// block draws a whole pane: the header, the rows, and the note.
func (m *Model) block(p pane) []line {
	l := m.list(p)
	head, selected := faint, -1
	if p == m.focus && room0(m) {
		head, selected = bold, m.selected(p, l.rows)
	}
	lines := m.screen.layout(l.columns, l.rows, head, selected)
	if l.note != "" {
		lines = append(lines, line{{plain, noMark}, {faint, l.note}})
	}
	return lines
}

// room0 tells whether there is a screen with a selection: a single frame has none.
func room0(m *Model) bool { return m.height > 0 }

// window returns so many lines of a pane: the header, and the part with the selection.
func (m *Model) window(p pane, block []line, lines int) []line {
	if lines >= len(block) {
		return block
	}
	rows := lines - 1
	first := 0
	if p == m.focus {
		selected := max(m.selected(p, m.list(p).rows), 0)
		first = min(max(selected-rows/2, 0), len(block)-1-rows)
	}
	return append([]line{block[0]}, block[1+first:1+first+rows]...)
}

// share is how many lines a pane gets.
type share struct {
	pane  pane
	lines int
}

// leastRows is what a pane keeps besides its header when there is not room for all.
const leastRows = 2

// shares divides the room between the panes: each gets a little, that in focus then what it needs, and the
// others what is left, from the top. Where there is not even a little for all, the last ones are left out.
func (m *Model) shares(all []pane, blocks [][]line, room int) []share {
	if room <= 0 {
		out := make([]share, len(all))
		for i, p := range all {
			out[i] = share{p, len(blocks[p])}
		}
		return out
	}
	var out []share
	add := func(p pane) {
		need := min(len(blocks[p]), 1+leastRows)
		between := 0
		if len(out) > 0 {
			between = 1
		}
		if room >= need+between || len(out) == 0 {
			out = append(out, share{p, max(min(need, room), 1)})
			room -= need + between
		}
	}
	add(m.focus)
	for _, p := range all {
		if p != m.focus {
			add(p)
		}
	}
	for i := range out { // the one in focus is the first
		more := min(len(blocks[out[i].pane])-out[i].lines, max(room, 0))
		out[i].lines += more
		room -= more
	}
	return inOrder(out)
}

func inOrder(shares []share) []share {
	var out []share
	for p := range pane(panes) {
		for _, s := range shares {
			if s.pane == p {
				out = append(out, s)
			}
		}
	}
	return out
}
