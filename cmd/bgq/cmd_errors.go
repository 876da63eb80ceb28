package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newErrorsCommand(a *app) *cobra.Command {
	var filterText string
	var every time.Duration
	c := &cobra.Command{
		Use:   "errors [FILTER...]",
		Short: "Show what goes wrong: failed jobs, grouped by the error",
		Long: `Show what goes wrong, the most frequent first: failed jobs (retryable and discarded), grouped
by kind and error. Numbers, ids, paths and quoted words do not matter for that, and are shown as an
ellipsis. The FINGERPRINT of a group selects its jobs: fingerprint:1f2e3d4c5b6a is a filter.`,
		Example: `  bgq errors queue:img 'age<1d'
  bgq jobs retry -f fingerprint:1f2e3d4c5b6a --rate 10/s`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			text, err := a.filterText(append(args, filterText)...)
			if err != nil {
				return err
			}
			return a.watch(c.Context(), every, func(ctx context.Context) error { return a.errorGroups(ctx, text) })
		},
	}
	filterFlag(c, &filterText, "only these jobs")
	watchFlag(c, &every)
	return c
}

var errorColumns = []column{
	{name: "JOBS", right: true}, {name: "KIND", flex: true}, {name: "FINGERPRINT"}, {name: "SORT", wide: true}, {name: "TYPE", wide: true},
	{name: "FIRST", wide: true}, {name: "LAST"}, {name: "QUEUES", wide: true}, {name: "EXAMPLE", wide: true}, {name: "ERROR", flex: true},
}

func (a *app) errorGroups(ctx context.Context, text string) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	groups, err := api.Errors(ctx, text)
	if err != nil {
		return err
	}
	out := newList(a, errorColumns, func(g wire.ErrorGroup) []string {
		return []string{
			number(g.Count), clean(g.Kind), clean(g.Fingerprint), clean(g.FailureKind), clean(g.Type), a.when(&g.FirstAt), a.when(&g.LastAt),
			tally(g.Queues), g.Example.String(), clean(g.Pattern),
		}
	}, func(g wire.ErrorGroup) string { return g.Fingerprint })
	if err := out.all(groups.Groups); err != nil {
		return err
	}
	switch {
	case groups.Partial:
		a.say("these are the groups of %s jobs: the time was over; narrow the filter", number(groups.Scanned))
	case len(groups.Groups) == 0:
		a.say("no failed job matches")
	case !a.format.structured() && a.format != formatName:
		a.say("the jobs of a group: %s jobs list fingerprint:%s", a.self(), groups.Groups[0].Fingerprint)
	}
	return nil
}
