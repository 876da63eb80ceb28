package main

import (
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/bench"
)

// benchTable shows results, a row each. Rows are printed one by one, so that its widths
// are fixed before there is anything to measure them by.
type benchTable struct {
	app     *app
	columns []benchColumn
	table   *table
}

// benchColumn is a column of a benchTable.
type benchColumn struct {
	column
	widest string // cell that is to be expected
	cell   func(*bench.Result) string
	drop   int // where the terminal is too narrow the column with the highest number goes first; 0: it stays
}

func newBenchTable(a *app, others int) *benchTable {
	t := &benchTable{app: a}
	t.columns = []benchColumn{
		{column{name: "SCENARIO"}, "claim-finish-256", func(r *bench.Result) string { return r.Name }, 0},
		{column{name: "BGQ", right: true}, "123,456 items/s", benchValue, 0},
		{column{name: "RAW", right: true}, "123,456", benchRaw, 0},
		{column{name: "RATIO", right: true}, "12.34", benchRatio, 0},
		{column{name: "SAME", right: true}, "12.34", benchSame, 1},
		{column{name: "GOAL"}, "≤ 1,000 ms ok", t.goal, 0},
		{column{name: "P50", right: true}, "12.3ms", benchP50, 2},
		{column{name: "P99", right: true}, "12.3ms", benchP99, 3},
	}
	if others > 0 {
		t.columns = append(t.columns, benchColumn{column{name: "BESIDE " + shortNumber(others)}, "4,321 ms ok", t.others, 0})
	}
	t.columns = append(t.columns, benchColumn{column{name: "MORE"}, "255.9 jobs/commit, 1.2 kB/job", benchMore, 4})
	t.fit()
	return t
}

// fit drops columns until the rest fits the terminal.
func (t *benchTable) fit() {
	for {
		var columns []column
		var widest []string
		total, drop := -len(gap), -1
		for i, c := range t.columns {
			columns = append(columns, c.column)
			widest = append(widest, c.widest)
			total += len(gap) + max(text.StringWidthWithoutEscSequences(c.widest), len(c.name))
			if c.drop > 0 && (drop < 0 || c.drop > t.columns[drop].drop) {
				drop = i
			}
		}
		t.table = newTable(t.app, columns)
		if t.table.limit == 0 || total <= t.table.limit || drop < 0 {
			t.table.measure([][]string{widest})
			return
		}
		t.columns = append(t.columns[:drop:drop], t.columns[drop+1:]...)
	}
}

// header prints the names of the columns.
func (t *benchTable) header() error {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = t.app.paint(text.Colors{text.Faint}, c.name)
	}
	return t.table.write([][]string{names})
}

// add prints a row.
func (t *benchTable) add(r *bench.Result) error {
	row := make([]string, len(t.columns))
	for i, c := range t.columns {
		switch {
		case r.Skipped == "" || i == 0:
			row[i] = c.cell(r)
		case i == 1:
			row[i] = "-"
		case i == len(row)-1:
			row[i] = r.Skipped
		}
	}
	return t.table.write([][]string{row})
}

func benchValue(r *bench.Result) string { return figure(r.BGQ) + " " + r.Unit }

func benchRaw(r *bench.Result) string {
	if r.RawBolt == nil {
		return "-"
	}
	return figure(*r.RawBolt)
}

func benchRatio(r *bench.Result) string { return ratioOrNone(r.Ratio) }
func benchSame(r *bench.Result) string  { return ratioOrNone(r.SameRatio) }

func ratioOrNone(v *float64) string {
	if v == nil {
		return "-"
	}
	return ratio(*v)
}

func benchP50(r *bench.Result) string { return took(r.P50) }
func benchP99(r *bench.Result) string { return took(r.P99) }

// goal is a goal and whether it was met.
func (t *benchTable) goal(r *bench.Result) string {
	if r.Met == nil {
		return ""
	}
	return goalText(r.Goal, r.Unit) + " " + t.verdict(r.Goal, *r.Met)
}

// goalText is a goal in a few characters, or nothing.
func goalText(g *bench.Goal, unit string) string {
	if g == nil {
		return ""
	}
	sign, bound := "≥", g.AtLeast
	if bound == nil {
		sign, bound = "≤", g.AtMost
	}
	if g.Of == "ratio" {
		return sign + " " + ratio(*bound)
	}
	return sign + " " + figure(*bound) + " " + unit
}

func (t *benchTable) verdict(g *bench.Goal, met bool) string {
	switch {
	case met:
		return t.app.paint(text.Colors{text.FgGreen}, "ok")
	case g.AtLeast != nil:
		return t.app.paint(text.Colors{text.FgRed}, "below")
	}
	return t.app.paint(text.Colors{text.FgRed}, "above")
}

// others is what other jobs in the file made of it.
func (t *benchTable) others(r *bench.Result) string {
	o := r.Others
	if o == nil {
		return "-"
	}
	s := figure(o.BGQ) + " " + r.Unit
	if o.Ratio != nil && (o.Goal == nil || o.Goal.Of == "ratio") {
		s = ratio(*o.Ratio)
	}
	if o.Met != nil {
		s += " " + t.verdict(o.Goal, *o.Met)
	}
	return s
}

// benchMore is what else is worth knowing.
func benchMore(r *bench.Result) string {
	var parts []string
	if v, ok := r.Figures["jobs_per_commit"]; ok {
		parts = append(parts, figure(v)+" jobs/commit")
	}
	if v, ok := r.Figures["file_bytes_per_job"]; ok && v > 0 {
		parts = append(parts, humanize.Bytes(uint64(v))+"/job")
	}
	if v, ok := r.Figures["commands_per_second"]; ok {
		parts = append(parts, figure(v)+" commands/s")
	}
	return strings.Join(parts, ", ")
}
