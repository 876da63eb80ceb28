package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/store"
)

func newJobsListCommand(a *app) *cobra.Command {
	var filterText string
	var most int
	var all bool
	c := &cobra.Command{
		Use:     "list [FILTER...]",
		Aliases: []string{"ls"},
		Short:   "List jobs, newest first",
		Long: `List the jobs that a filter selects, newest first; without a filter, all of them.
The terms of the filter are arguments or the value of -f. WHEN is the time that matters
in the state of a job: its end, the start of the attempt, the time it waits for, or its
creation.`,
		Example: `  bgq jobs list state:failed 'age<1d'
  bgq jobs list -f 'kind:resize -queue:low' -n 10
  bgq jobs list state:discarded --all -o jsonl | jq -r .error | sort | uniq -c`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			f, err := a.parseFilter(append(slices.Clone(args), filterText)...)
			if err != nil {
				return err
			}
			switch {
			case all && c.Flags().Changed("limit"):
				return usage("usage: "+c.UseLine(), "give either -n or --all, not both")
			case most < 1:
				return usage("--all lists every job", "-n is %d: give 1 or more", most)
			case all:
				most = 0
			}
			return a.listJobs(c.Context(), f, most)
		},
	}
	filterFlag(c, &filterText, "only these jobs")
	c.Flags().IntVarP(&most, "limit", "n", 50, "at most `N` jobs")
	c.Flags().BoolVar(&all, "all", false, "every job")
	return c
}

// listJobs prints at most so many jobs; 0 means all.
func (a *app) listJobs(ctx context.Context, f store.Filter, most int) error {
	req := store.ListRequest{Filter: f, Parts: viewParts}
	if a.format == formatTable {
		req.Parts = store.PartFailures
	}
	read := most
	if most > 0 {
		read++ // one more tells whether there are more
	}
	out := newList(a, jobColumns, a.jobRow, viewJob)
	more := false
	err := a.stream(ctx, req, read, func(jobs []store.Job) error {
		if most > 0 && out.n+len(jobs) > most {
			jobs, more = jobs[:most-out.n], true
		}
		return out.add(pointers(jobs))
	})
	if err != nil {
		return err
	}
	switch {
	case out.n == 0:
		a.say("no job matches")
	case more:
		a.say("there are more: these are %d; -n N shows N, --all every one", most)
	}
	return out.end()
}

func pointers[T any](items []T) []*T {
	out := make([]*T, len(items))
	for i := range items {
		out[i] = &items[i]
	}
	return out
}
