package main

import (
	"io"
	"strings"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// column describes a column of a table.
type column struct {
	name  string
	right bool // numbers
	flex  bool // gives way where the terminal is too narrow
	wide  bool // shown only with -o wide
}

// gap stands between two columns.
const gap = "  "

// leastFlex is what a column keeps that gives way.
const leastFlex = 10

// table writes rows under a header: no borders, never wider than the terminal.
// Rows may come in several parts; the first one fixes the widths.
type table struct {
	app     *app
	all     []column // as rows have their cells
	columns []column // those that are shown
	limit   int      // the width of the terminal, or 0
	widths  []int    // nil before the first part
}

func newTable(a *app, columns []column) *table {
	t := &table{app: a, all: columns}
	if a.format == formatWide {
		t.columns = columns
		return t
	}
	t.limit, _ = a.screen.size()
	for _, c := range columns {
		if !c.wide {
			t.columns = append(t.columns, c)
		}
	}
	return t
}

// shown returns the cells of the columns that are shown.
func (t *table) shown(cells []string) []string {
	if len(t.columns) == len(t.all) {
		return cells
	}
	var out []string
	for i, c := range t.all {
		if !c.wide {
			out = append(out, cells[i])
		}
	}
	return out
}

// write prints rows of cleaned cells.
func (t *table) write(rows [][]string) error {
	shown := make([][]string, len(rows))
	for i, cells := range rows {
		shown[i] = t.shown(cells)
	}
	rows = shown
	w := pretty.NewWriter()
	w.SetStyle(plainStyle)
	if t.widths == nil {
		t.measure(rows)
		header := make(pretty.Row, len(t.columns))
		for i, c := range t.columns {
			header[i] = t.app.paint(text.Colors{text.Faint}, c.name)
		}
		w.AppendHeader(header)
	}
	configs := make([]pretty.ColumnConfig, len(t.columns))
	for i, c := range t.columns {
		configs[i] = pretty.ColumnConfig{Number: i + 1, WidthMin: t.widths[i]}
		if c.right {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
	}
	w.SetColumnConfigs(configs)
	for _, cells := range rows {
		row := make(pretty.Row, len(cells))
		for i, cell := range cells {
			if t.columns[i].flex && t.limit > 0 {
				cell = text.Snip(cell, t.widths[i], "…")
			}
			row[i] = cell
		}
		w.AppendRow(row)
	}
	var b strings.Builder
	for line := range strings.Lines(w.Render()) {
		line = strings.TrimRight(line, " \n")
		if t.limit > 0 { // where even the columns that cannot give way are too wide
			line = text.Snip(line, t.limit, "…")
		}
		b.WriteString(line + "\n")
	}
	_, err := io.WriteString(t.app.stdout, b.String())
	return err
}

// measure finds the widths of the columns. What the terminal does not have is taken
// from the columns that give way, from the widest first.
func (t *table) measure(rows [][]string) {
	t.widths = make([]int, len(t.columns))
	total := len(gap) * (len(t.columns) - 1)
	for i, c := range t.columns {
		t.widths[i] = text.StringWidthWithoutEscSequences(c.name)
		for _, row := range rows {
			t.widths[i] = max(t.widths[i], text.StringWidthWithoutEscSequences(row[i]))
		}
		total += t.widths[i]
	}
	for t.limit > 0 && total > t.limit {
		widest := -1
		for i, c := range t.columns {
			if c.flex && t.widths[i] > leastFlex && (widest < 0 || t.widths[i] > t.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		t.widths[widest]--
		total--
	}
}

// plainStyle draws nothing but the cells.
var plainStyle = pretty.Style{
	Name: "plain",
	Box:  pretty.BoxStyle{PaddingRight: gap},
}

// facts prints names and values, one pair a line. A value may have several lines.
func (a *app) facts(indent string, pairs ...[2]string) {
	wide := 0
	for _, p := range pairs {
		wide = max(wide, len(p[0]))
	}
	for _, p := range pairs {
		name := p[0] + strings.Repeat(" ", wide-len(p[0])+len(gap))
		value := strings.ReplaceAll(p[1], "\n", "\n"+indent+strings.Repeat(" ", len(name)))
		a.printf("%s%s%s\n", indent, a.paint(text.Colors{text.Faint}, name), value)
	}
}
