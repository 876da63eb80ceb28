package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// groupings are what jobs can be counted by; by errors they are counted in another way.
var groupings = []string{"state", "kind", "queue"}

const byError = "error"

func newJobsCountCommand(a *app) *cobra.Command {
	var filterText string
	var by []string
	c := &cobra.Command{
		Use:   "count [FILTER...]",
		Short: "Count jobs",
		Long: `Count the jobs that a filter selects. A filter on state, kind and queue only is
answered from counters at once; any other one reads the jobs, and ends after some
seconds with what it has found, which is said on stderr. --by error is bgq errors.`,
		Example: `  bgq jobs count state:failed
  bgq jobs count --by kind,state
  bgq jobs count queue:img --by error`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			text, err := a.filterText(append(args, filterText)...)
			if err != nil {
				return err
			}
			if slices.Equal(by, []string{byError}) {
				return a.errorGroups(c.Context(), text)
			}
			for _, b := range by {
				if b == byError {
					return usage("give --by error alone", "--by error does not go with others")
				}
				if !slices.Contains(groupings, b) {
					return usage("for example --by state", "--by %q: jobs are counted by %s or error%s", b, strings.Join(groupings, ", "),
						maybe(b, append(groupings, byError)))
				}
			}
			return a.countJobs(c.Context(), text, by)
		},
	}
	filterFlag(c, &filterText, "only these jobs")
	c.Flags().StringSliceVar(&by, "by", nil, "count for each `state,kind,queue`, or for each error")
	return c
}

func (a *app) countJobs(ctx context.Context, text string, by []string) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	count, err := api.Count(ctx, text, by...)
	if err != nil {
		return err
	}
	if count.Partial {
		a.say("there are at least so many: the time for counting was over; narrow the filter")
	}
	if len(by) == 0 {
		return a.print(struct {
			Count   int64 `json:"count"`
			Partial bool  `json:"partial,omitempty"`
		}{count.Count, count.Partial}, func() error {
			a.printf("%d\n", count.Count)
			return nil
		})
	}
	var columns []column
	for _, b := range by {
		columns = append(columns, column{name: strings.ToUpper(b)})
	}
	columns = append(columns, column{name: "JOBS", right: true})
	return newList(a, columns, func(g wire.CountGroup) []string {
		var cells []string
		for _, b := range by {
			cells = append(cells, clean(map[string]string{"state": g.State, "kind": g.Kind, "queue": g.Queue}[b]))
		}
		return append(cells, number(g.Count))
	}, nil).all(count.Groups)
}
