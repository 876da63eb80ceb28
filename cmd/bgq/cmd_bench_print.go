package main

import (
	"fmt"
	"strings"

	"github.com/bgq-dev/bgq/cmd/bgq/internal/bench"
)

// benchReport is a run of bgq bench as JSON. With -o jsonl each scenario is a line of
// its own, and what is left of the report the last one.
type benchReport struct {
	Machine bench.Machine `json:"machine"`
	// Limits holds what the machine could do before the scenarios, and after them.
	Limits    []bench.Limits `json:"limits"`
	Scale     float64        `json:"scale"`
	Rounds    int            `json:"rounds"`
	Others    int            `json:"others"`
	Scenarios []bench.Result `json:"scenarios,omitempty"`
}

// benchOutput prints a report while it grows.
type benchOutput struct {
	app    *app
	report *benchReport
	status *benchStatus
	table  *benchTable
}

func newBenchOutput(a *app, report *benchReport, status *benchStatus) *benchOutput {
	return &benchOutput{app: a, report: report, status: status, table: newBenchTable(a, report.Others)}
}

// begin says where it is measured, and what the columns are.
func (o *benchOutput) begin() error {
	if o.app.format.structured() {
		return nil
	}
	o.status.clear()
	m, l := o.report.Machine, o.report.Limits[0]
	where := m.Filesystem
	if where == "" {
		where = "an unknown file system"
	}
	o.app.printf("%s, %s, %s of %d, %s\n", m.Go, m.Platform, plural(int64(m.Procs), "CPU"), m.CPUs, where)
	o.app.printf("the limits of the disk: %s\n\n", limitsText(l))
	return o.table.header()
}

func limitsText(l bench.Limits) string {
	return fmt.Sprintf("%s syncs/s of 4 KB, %s raw commits/s", figure(l.Syncs), figure(l.Commits))
}

// add prints a result.
func (o *benchOutput) add(r *bench.Result) error {
	switch {
	case o.app.format == formatJSONL:
		return o.app.printValue(r)
	case o.app.format.structured():
		return nil
	}
	o.status.clear()
	return o.table.add(r)
}

// end says how it went, or prints the report.
func (o *benchOutput) end() error {
	switch {
	case o.app.format == formatJSONL:
		rest := *o.report
		rest.Scenarios = nil
		return o.app.printValue(rest)
	case o.app.format.structured():
		return o.app.printValue(o.report)
	}
	o.status.clear()
	o.app.printf("\n")
	if l := o.report.Limits; len(l) == 2 {
		o.app.printf("the limits at the end: %s\n", limitsText(l[1]))
		const drift = 1.25
		if change := l[1].Commits / l[0].Commits; change > drift {
			o.app.printf("the disk became faster by %.0f %% meanwhile: trust the ratios, not the figures\n", 100*(change-1))
		} else if change < 1/drift {
			o.app.printf("the disk became slower by %.0f %% meanwhile: trust the ratios, not the figures\n", 100*(1-change))
		}
	}
	goals, missed := o.report.goals()
	switch {
	case len(missed) > 0:
		o.app.printf("goals: %d of %d met; not by %s\n", goals-len(missed), goals, strings.Join(missed, ", "))
	case goals > 0:
		o.app.printf("goals: %d of %d met\n", goals, goals)
	}
	return nil
}

// goals counts the goals, and names the scenarios that missed theirs.
func (r *benchReport) goals() (goals int, missed []string) {
	count := func(name string, met *bool) {
		if met != nil {
			goals++
			if !*met {
				missed = append(missed, name)
			}
		}
	}
	for i := range r.Scenarios {
		s := &r.Scenarios[i]
		count(s.Name, s.Met)
		if s.Others != nil {
			count(s.Name+" beside others", s.Others.Met)
		}
	}
	return goals, missed
}
