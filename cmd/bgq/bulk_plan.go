package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// plan is what a dry run prints, as JSON.
type plan struct {
	DryRun bool `json:"dry_run"`
	*wire.Selection
}

// plan says what would be done, and shows a few of the jobs.
func (a *app) plan(s *wire.Selection, done string) string {
	var w strings.Builder
	if s.Partial {
		fmt.Fprintf(&w, "%s jobs or more would be %s: the time for counting was over", number(s.Count), done)
	} else {
		fmt.Fprintf(&w, "%s would be %s", plural(s.Count, "job"), done)
	}
	if s.Count > 0 {
		fmt.Fprintf(&w, "\n  state  %s\n  kind   %s\n  queue  %s\nfor example", tally(s.ByState), tally(s.ByKind), tally(s.ByQueue))
	}
	for _, j := range s.Sample {
		line := fmt.Sprintf("  %s  %s  %s", j.ID, clean(j.Kind), tries(j))
		if j.Error != nil {
			line += "  " + clean(*j.Error)
		}
		w.WriteString("\n" + a.cut(line))
	}
	if more := s.Count - int64(len(s.Sample)); more > 0 {
		fmt.Fprintf(&w, "\n  … and %s more", number(more))
	}
	return w.String()
}

// found is how many jobs were selected.
func found(s *wire.Selection) string {
	if s.Partial {
		return number(s.Count) + " or more"
	}
	return number(s.Count)
}

func idsOf(s *wire.Selection) []string {
	ids := make([]string, len(s.IDs))
	for i, id := range s.IDs {
		ids[i] = id.String()
	}
	return ids
}

// tallied is how many names a tally spells out.
const tallied = 3

// tally writes the largest counts with their names.
func tally(counts map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(counts), func(x, y string) int {
		return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x, y))
	})
	var parts []string
	for _, name := range names[:min(tallied, len(names))] {
		parts = append(parts, number(counts[name])+" "+clean(name))
	}
	if len(names) > tallied {
		parts = append(parts, fmt.Sprintf("%d others", len(names)-tallied))
	}
	return strings.Join(parts, ", ")
}
