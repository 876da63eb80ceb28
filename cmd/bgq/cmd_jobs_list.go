package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
)

func newJobsListCommand(a *app) *cobra.Command {
	var filterText string
	var o listOptions
	var every time.Duration
	c := &cobra.Command{
		Use:     "list [FILTER...]",
		Aliases: []string{"ls"},
		Short:   "List jobs, newest first",
		Long: `List the jobs that a filter selects, newest first; without a filter, all of them.
The terms of the filter are arguments or the value of -f. WHEN is the time that matters
in the state of a job: its end, the start of the attempt, the time it waits for, or its
creation. -o wide shows more of each job.`,
		Example: `  bgq jobs list state:failed 'age<1d'
  bgq jobs list -f 'kind:resize -queue:low' -n 10
  bgq jobs list state:running -w
  bgq jobs list state:discarded --all --json id,error -o jsonl`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) (err error) {
			if o.filter, err = a.filterText(append(args, filterText)...); err != nil {
				return err
			}
			switch {
			case o.all && c.Flags().Changed("limit"):
				return usage("usage: "+c.UseLine(), "give either -n or --all, not both")
			case o.most < 1:
				return usage("--all lists every job", "-n is %d: give 1 or more", o.most)
			case o.all && every > 0:
				return usage("usage: "+c.UseLine(), "--all is too much for --watch: give -n N")
			}
			return a.watch(c.Context(), every, func(ctx context.Context) error { return a.listJobs(ctx, o) })
		},
	}
	filterFlag(c, &filterText, "only these jobs")
	c.Flags().IntVarP(&o.most, "limit", "n", 50, "at most `N` jobs")
	c.Flags().BoolVar(&o.all, "all", false, "every job")
	c.Flags().BoolVar(&o.oldest, "oldest", false, "the oldest first")
	watchFlag(c, &every)
	return c
}

type listOptions struct {
	filter      string
	most        int
	all, oldest bool
}

// pageOf is how many jobs are asked for at a time: fewer where each brings its values,
// which may have a megabyte each.
func (a *app) pageOf() int {
	if a.format.structured() {
		return 100
	}
	return 1000
}

// jobsRequest asks for what the output shows of each job.
func (a *app) jobsRequest(filter string) client.JobsRequest {
	return client.JobsRequest{
		Filter: filter, Limit: a.pageOf(), Failures: a.format != formatName,
		Args: a.format.structured(), Result: a.format.structured(),
	}
}

func (a *app) listJobs(ctx context.Context, o listOptions) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	out := newJobList(a)
	if err := out.check(); err != nil {
		return err
	}
	req := a.jobsRequest(o.filter)
	req.Ascending = o.oldest
	searching := false
	for more := true; more; {
		if left := o.most - out.n; !o.all {
			req.Limit = min(a.pageOf(), left+1) // one more tells whether there are more
		}
		page, err := api.Jobs(ctx, req)
		if err != nil {
			return err
		}
		if left := o.most - out.n; !o.all && len(page.Jobs) > left {
			if err := out.add(page.Jobs[:left]...); err != nil {
				return err
			}
			err := out.end()
			a.say("there are more: these are %d; -n N shows N, --all every one", o.most)
			return err
		}
		if err := out.add(page.Jobs...); err != nil {
			return err
		}
		req.Cursor, more = page.Next, page.Next != ""
		if len(page.Jobs) == 0 && more && !searching {
			searching = true
			a.say("searching: what this filter asks for is in no index, so every job is looked at; state:failed and the like narrow it")
		}
	}
	err = out.end()
	if out.n == 0 {
		a.say("no job matches")
	}
	return err
}
