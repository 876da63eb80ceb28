package top

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// column describes a column of a table.
type column struct {
	name  string
	right bool // numbers
	flex  bool // gives way where the screen is too narrow
}

// row is an entry of a list.
type row struct {
	key   string // which the selection keeps to when rows come and go
	cells []span
}

// The least that is left of a column that gives way, and what stands between two columns.
const (
	leastFlex = 8
	gap       = "  "
	mark      = "› " // before the row that is selected
	noMark    = "  "
)

// layout returns the header and the rows as lines. selected is the index of the row that is marked, or -1.
func (s *screen) layout(columns []column, rows []row, head style, selected int) []line {
	widths := s.measure(columns, rows)
	lines := make([]line, 0, len(rows)+1)
	header := make([]span, len(columns))
	for i, c := range columns {
		header[i] = span{head, c.name}
	}
	lines = append(lines, s.fit(columns, widths, header, noMark))
	for i := range rows {
		m := noMark
		if i == selected {
			m = mark
		}
		l := s.fit(columns, widths, rows[i].cells, m)
		if i == selected && s.colours {
			for j := range l {
				l[j].style = reverse
			}
		}
		lines = append(lines, l)
	}
	return lines
}

// fit brings cells to the widths of their columns.
func (s *screen) fit(columns []column, widths []int, cells []span, mark string) line {
	l := line{{plain, mark}}
	for i, c := range columns {
		t := text.Snip(s.clean(cells[i].text), widths[i], "…")
		pad := strings.Repeat(" ", max(0, widths[i]-text.StringWidthWithoutEscSequences(t)))
		switch {
		case c.right:
			l = append(l, span{plain, pad}, span{cells[i].style, t})
		default:
			l = append(l, span{cells[i].style, t}, span{plain, pad})
		}
		if i < len(columns)-1 {
			l = append(l, span{plain, gap})
		}
	}
	return l
}

// measure finds the widths of the columns. What the screen does not have is taken from those that give way, from
// the widest first.
func (s *screen) measure(columns []column, rows []row) []int {
	widths := make([]int, len(columns))
	total := text.StringWidthWithoutEscSequences(noMark) + len(gap)*(len(columns)-1)
	for i, c := range columns {
		widths[i] = text.StringWidthWithoutEscSequences(c.name)
		for _, r := range rows {
			widths[i] = max(widths[i], text.StringWidthWithoutEscSequences(s.clean(r.cells[i].text)))
		}
		total += widths[i]
	}
	for s.width > 0 && total > s.width {
		widest := -1
		for i, c := range columns {
			if c.flex && widths[i] > leastFlex && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
		total--
	}
	return widths
}
