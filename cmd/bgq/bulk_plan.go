package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// selection is what a filter selected.
type selection struct {
	ids    []store.ID
	kinds  map[string]int64
	states map[string]int64
	queues map[string]int64
	sample []*store.Job
}

func (s *selection) add(j *store.Job) {
	if s.ids == nil {
		s.kinds, s.states, s.queues = map[string]int64{}, map[string]int64{}, map[string]int64{}
	}
	s.ids = append(s.ids, j.ID)
	s.kinds[j.Kind]++
	s.states[j.State.String()]++
	s.queues[j.Queue]++
	if len(s.sample) < sampleSize {
		s.sample = append(s.sample, j)
	}
}

// readSample reads the sample whole.
func (s *selection) readSample(ctx context.Context, q *queue.Queue) error {
	if len(s.sample) == 0 {
		return nil
	}
	jobs, err := q.Store().Get(ctx, s.ids[:len(s.sample)], viewParts)
	s.sample = pointers(jobs)
	return err
}

// plan says what would be done, and shows a few of the jobs.
func (b *bulk) plan(s *selection) string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s would be %s", plural(int64(len(s.ids)), "job"), b.done)
	if len(s.ids) > 0 {
		fmt.Fprintf(&w, "\n  state  %s\n  kind   %s\n  queue  %s\nfor example", tally(s.states), tally(s.kinds), tally(s.queues))
	}
	for _, j := range s.sample {
		fmt.Fprintf(&w, "\n  %s  %s  %s", j.ID, clean(j.Kind), tries(j))
		if f := lastFailure(j); f != nil {
			fmt.Fprintf(&w, "  %s", clean(f.Message))
		}
	}
	if more := len(s.ids) - len(s.sample); more > 0 {
		fmt.Fprintf(&w, "\n  … and %s more", number(int64(more)))
	}
	return w.String()
}

func (b *bulk) printPlan(s *selection) error {
	if b.app.format == formatTable {
		b.app.printf("%s\n", b.plan(s))
		return nil
	}
	return b.app.printJSON(struct {
		Action  string           `json:"action"`
		DryRun  bool             `json:"dry_run"`
		Count   int              `json:"count"`
		ByState map[string]int64 `json:"by_state"`
		ByKind  map[string]int64 `json:"by_kind"`
		ByQueue map[string]int64 `json:"by_queue"`
		Sample  []any            `json:"sample"`
	}{b.verb, true, len(s.ids), orEmpty(s.states), orEmpty(s.kinds), orEmpty(s.queues), viewJobs(s.sample)})
}

func viewJobs(jobs []*store.Job) []any {
	out := []any{}
	for _, j := range jobs {
		out = append(out, viewJob(j))
	}
	return out
}

func orEmpty(m map[string]int64) map[string]int64 {
	if m == nil {
		return map[string]int64{}
	}
	return m
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

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
