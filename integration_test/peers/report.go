package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

func (f figure) String() string { return amount(f.Value) + " " + f.Unit }

// amount prints three digits, or more where the number is larger.
func amount(v float64) string {
	switch {
	case v >= 100:
		return humanize.Comma(int64(v + 0.5))
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// spread is the median of several values, and the least and the most of them.
type spread struct {
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
}

func spreadOf(values []float64) spread {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	if n == 0 {
		return spread{}
	}
	return spread{(s[(n-1)/2] + s[n/2]) / 2, s[0], s[n-1]}
}

// values returns the figure with the given index of each round in which the contestant finished.
func (s *scores) values(who string, index int) (v []float64) {
	for _, r := range s.results[who] {
		if r != nil {
			v = append(v, r.Figures[index].Value)
		}
	}
	return v
}

// times returns how many times as good as a contestant bgq is: the ratios of the rounds
// that both finished. More than 1 is in favour of bgq.
func (s *scores) times(who string, index int) (v []float64) {
	for round, r := range s.results[who] {
		if r == nil || s.results["bgq"] == nil || s.results["bgq"][round] == nil || who == "bgq" {
			continue
		}
		first := s.results["bgq"][round]
		ratio := first.Figures[index].Value / r.Figures[index].Value
		if r.Figures[index].Unit == "µs" {
			ratio = 1 / ratio
		}
		v = append(v, ratio)
	}
	return v
}

// figures returns the figures of the scenario by one result; nil if there is none.
func (s *scores) figures() []figure {
	for _, who := range s.who {
		for _, r := range s.results[who] {
			if r != nil {
				return r.Figures
			}
		}
	}
	return nil
}

// tables prints one table a scenario, as text or as Markdown.
func (o *outcome) tables(w io.Writer, markdown bool) {
	for i := range o.scores {
		s := &o.scores[i]
		heading := fmt.Sprintf("%s: %s", s.scenario.name, s.scenario.doc)
		if markdown {
			heading = "### " + heading + "\n"
		}
		fmt.Fprintf(w, "%s\n", heading)
		t := s.table()
		if markdown {
			fmt.Fprintln(w, t.RenderMarkdown())
		} else {
			fmt.Fprintln(w, t.Render())
		}
		fmt.Fprintln(w)
	}
}

func (s *scores) table() table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	header := table.Row{"contestant", "number"}
	var right []table.ColumnConfig
	for _, f := range s.figures() {
		header = append(header, f.Name+", "+f.Unit)
		if f.Compared {
			header = append(header, "bgq against it")
		}
	}
	for n := range len(header) - 1 {
		right = append(right, table.ColumnConfig{Number: n + 2, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(right)
	t.AppendHeader(header)
	for _, who := range s.who {
		t.AppendRow(s.row(who))
	}
	return t
}

func (s *scores) row(who string) table.Row {
	number := ""
	for _, r := range s.results[who] {
		if r != nil {
			number = humanize.Comma(int64(r.Jobs))
		}
	}
	if number == "" {
		return table.Row{who, "failed"}
	}
	row := table.Row{who, number}
	for i, f := range s.figures() {
		row = append(row, amount(spreadOf(s.values(who, i)).Median))
		if !f.Compared {
			continue
		}
		times := spreadOf(s.times(who, i))
		if times.Most == 0 {
			row = append(row, "")
			continue
		}
		ratio := amount(times.Median) + "×"
		if times.Least != times.Most {
			ratio += fmt.Sprintf(" (%s–%s)", amount(times.Least), amount(times.Most))
		}
		row = append(row, ratio)
	}
	return row
}

// json prints everything, with the result of each round.
func (o *outcome) json(w io.Writer, about []fact) error {
	type contestantJSON struct {
		Name   string            `json:"name"`
		Rounds []*result         `json:"rounds"` // null where it failed
		Median map[string]spread `json:"figures"`
		Times  map[string]spread `json:"bgq_against_it,omitempty"`
	}
	type scenarioJSON struct {
		Name        string           `json:"name"`
		Doc         string           `json:"doc"`
		Contestants []contestantJSON `json:"contestants"`
	}
	out := struct {
		About     map[string]string `json:"about"`
		LeftOut   map[string]string `json:"left_out"`
		Scenarios []scenarioJSON    `json:"scenarios"`
	}{About: map[string]string{}, LeftOut: map[string]string{}}
	for _, f := range about {
		out.About[f.name] = f.value
	}
	for who, err := range o.leftOut {
		out.LeftOut[who] = err.Error()
	}
	for i := range o.scores {
		s := &o.scores[i]
		sj := scenarioJSON{Name: s.scenario.name, Doc: s.scenario.doc}
		for _, who := range s.who {
			c := contestantJSON{who, s.results[who], map[string]spread{}, map[string]spread{}}
			for i, f := range s.figures() {
				name := strings.ReplaceAll(f.Name, " ", "_") + map[bool]string{true: "_us", false: "_per_second"}[f.Unit == "µs"]
				c.Median[name] = spreadOf(s.values(who, i))
				if times := s.times(who, i); f.Compared && len(times) > 0 {
					c.Times[name] = spreadOf(times)
				}
			}
			sj.Contestants = append(sj.Contestants, c)
		}
		out.Scenarios = append(out.Scenarios, sj)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(out)
}
