package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue/filter"
	"github.com/bgq-dev/bgq/store"
)

func newPruneCommand(a *app) *cobra.Command {
	b := &bulk{app: a, action: wire.ActionDelete, done: "deleted", final: true}
	var olderThan span
	var keepLast int
	c := &cobra.Command{
		Use:   "prune",
		Short: "Delete jobs that have ended and are not needed any more",
		Long: `Delete jobs that were completed or cancelled, by default all of them. Jobs that failed
for good are deleted only if -f names their state: nothing that somebody should look at goes by
accident. Members of batches stay with their batch: bgq batches delete.

An app prunes by itself what its retention says; this is for what that leaves, or at once.
The jobs are counted first, a few are shown, and you are asked for their number.`,
		Example: `  bgq prune --older-than 7d --dry-run
  bgq prune -f kind:report --keep-last 100
  bgq prune -f state:discarded --older-than 90d -y`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error {
			if keepLast < 0 {
				return usage("0 keeps none", "--keep-last is %d", keepLast)
			}
			text, err := a.pruneFilter(b.filter, time.Duration(olderThan))
			if err != nil {
				return err
			}
			if keepLast > 0 {
				var any bool
				if text, any, err = a.keepNewest(c.Context(), text, keepLast); err != nil {
					return err
				}
				if !any {
					a.say("no more than %s match", plural(int64(keepLast), "job"))
					return b.report(&changes{Action: b.action, Filter: text})
				}
			}
			return b.selected(c.Context(), text)
		},
	}
	filterFlag(c, &b.filter, "only these jobs")
	c.Flags().Var(&olderThan, "older-than", "only jobs that ended this `long` ago, like 12h or 7d")
	c.Flags().IntVar(&keepLast, "keep-last", 0, "keep the `N` newest of them")
	b.flags(c)
	return c
}

// pruneFilter narrows a filter to what prune deletes.
func (a *app) pruneFilter(text string, olderThan time.Duration) (string, error) {
	f, err := a.parseFilter(text)
	if err != nil {
		return "", err
	}
	if len(f.Batches) > 0 {
		return "", usage("bgq batches delete NAME deletes a batch whole", "members of batches are not pruned: -f must name no batch")
	}
	f.Batches = []string{""}
	switch {
	case f.States == 0:
		f.States = store.SetOf(store.Completed, store.Cancelled)
	case f.States&store.FinalStates == 0:
		return "", usage("bgq jobs cancel and bgq jobs delete are for others", "prune deletes jobs that have ended: -f names %s", f.States)
	default:
		f.States &= store.FinalStates
	}
	if before := a.now().Add(-olderThan); olderThan > 0 && (f.FinalisedBefore.IsZero() || before.Before(f.FinalisedBefore)) {
		f.FinalisedBefore = before
	}
	return filter.Format(f), nil
}

// keepNewest narrows a filter to the jobs that ended before the newest n of them. any tells
// whether there may be some.
func (a *app) keepNewest(ctx context.Context, text string, n int) (narrowed string, any bool, err error) {
	api, err := a.api()
	if err != nil {
		return "", false, err
	}
	var ends []time.Time
	for j, err := range api.AllJobs(ctx, client.JobsRequest{Filter: text, Limit: 1000}) {
		if err != nil {
			return "", false, err
		}
		if j.FinalisedAt != nil {
			ends = append(ends, *j.FinalisedAt)
		}
	}
	if len(ends) <= n {
		return text, false, nil
	}
	slices.SortFunc(ends, func(x, y time.Time) int { return y.Compare(x) })
	return fmt.Sprintf("%s finalised<%s", text, ends[n-1].Format(time.RFC3339Nano)), true, nil
}
