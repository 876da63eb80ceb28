package main

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// groupings are what jobs can be counted by.
var groupings = []string{"state", "kind", "queue"}

func newJobsCountCommand(a *app) *cobra.Command {
	var filterText string
	var by []string
	c := &cobra.Command{
		Use:   "count [FILTER...]",
		Short: "Count jobs",
		Long: `Count the jobs that a filter selects. A filter on state, kind and queue only is
answered from counters at once; any other one reads the jobs.`,
		Example: `  bgq jobs count state:failed
  bgq jobs count --by kind,state`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			f, err := a.parseFilter(append(slices.Clone(args), filterText)...)
			if err != nil {
				return err
			}
			for _, b := range by {
				if !slices.Contains(groupings, b) {
					return usage("for example --by state", "--by %q: jobs are counted by %s", b, strings.Join(groupings, ", "))
				}
			}
			return a.countJobs(c.Context(), f, by)
		},
	}
	filterFlag(c, &filterText, "only these jobs")
	c.Flags().StringSliceVar(&by, "by", nil, "count for each `state,kind,queue`")
	return c
}

// group is the count of the jobs that have these values.
type group struct {
	values []string
	n      int64
}

func (a *app) countJobs(ctx context.Context, f store.Filter, by []string) error {
	var rows []store.CountRow
	err := a.read(func(q *queue.Queue) (err error) {
		rows, err = q.Count(ctx, f)
		return err
	})
	if err != nil {
		return err
	}
	if len(by) == 0 {
		if a.format == formatTable {
			a.printf("%d\n", queue.Total(rows))
			return nil
		}
		return a.printJSON(map[string]int64{"count": queue.Total(rows)})
	}
	var columns []column
	for _, b := range by {
		columns = append(columns, column{name: strings.ToUpper(b)})
	}
	columns = append(columns, column{name: "JOBS", right: true})
	out := newList(a, columns,
		func(g group) []string {
			cells := make([]string, len(g.values))
			for i, v := range g.values {
				cells[i] = clean(v)
			}
			return append(cells, number(g.n))
		},
		func(g group) any {
			view := map[string]any{"count": g.n}
			for i, b := range by {
				view[b] = g.values[i]
			}
			return view
		})
	if err := out.add(groupBy(rows, by)); err != nil {
		return err
	}
	return out.end()
}

// groupBy adds up the counters that agree in what is asked for, largest first.
func groupBy(rows []store.CountRow, by []string) []group {
	sums := map[string]*group{}
	for _, r := range rows {
		g := group{}
		for _, b := range by {
			g.values = append(g.values, map[string]string{"state": r.State.String(), "kind": r.Kind, "queue": r.Queue}[b])
		}
		key := strings.Join(g.values, "\x00")
		if sums[key] == nil {
			sums[key] = &g
		}
		sums[key].n += r.N
	}
	var groups []group
	for _, g := range sums {
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, func(x, y group) int {
		return cmp.Or(cmp.Compare(y.n, x.n), slices.Compare(x.values, y.values))
	})
	return groups
}
