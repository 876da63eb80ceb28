package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

func newBatchesShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Show a batch and what failed in it",
		Example: `  bgq batches show thumbs-2026-11`,
		Args:    arguments(1, 1, "the name of one batch"),
		RunE:    func(c *cobra.Command, args []string) error { return a.showBatch(c.Context(), args[0]) },
	}
}

// shownFailures is how many of the failed members are shown.
const shownFailures = 10

func (a *app) showBatch(ctx context.Context, name string) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	b, err := api.Batch(ctx, name, client.JSON)
	if err != nil {
		return unknownBatch(name, err)
	}
	failed := []*wire.Job{}
	for j, err := range api.AllJobs(ctx, client.JobsRequest{
		Filter: inBatch(name, store.FailedStates), Limit: shownFailures,
		Args: true, Result: true, Failures: true, Ascending: true,
	}) {
		if err != nil {
			return err
		}
		if failed = append(failed, j); len(failed) == shownFailures {
			break
		}
	}
	return a.print(struct {
		*wire.Batch
		Failed []*wire.Job `json:"failed"`
	}{b, failed}, func() error { return a.printBatch(b, failed) }, b.Name)
}

func (a *app) printBatch(b *wire.Batch, failed []*wire.Job) error {
	f := factSheet{app: a}
	f.add("batch", clean(b.Name))
	f.add("state", b.State)
	f.add("kind", clean(b.Kind))
	f.at("created", b.CreatedAt)
	f.add("done", fmt.Sprintf("%s of %s%s", number(in(b, store.Completed)), number(b.Total), percent(in(b, store.Completed), b.Total)))
	f.add("failed", fmt.Sprintf("%s for good, %s to be tried again", number(in(b, store.Discarded)), number(in(b, store.Retryable))))
	f.add("cancelled", number(in(b, store.Cancelled)))
	f.add("running", number(in(b, store.Running)))
	f.add("waiting", number(waitingIn(b)))
	f.print()
	if len(failed) == 0 {
		return nil
	}
	a.printf("\n")
	rows := make([][]string, len(failed))
	for i, j := range failed {
		rows[i] = []string{strconv.FormatInt(indexOf(j), 10), j.ID.String(), a.state(j.State), tries(j), failureOf(j)}
	}
	err := newTable(a, memberColumns).write(rows)
	if all := in(b, store.Discarded, store.Retryable); int64(len(failed)) < all {
		a.say("these are %d of %s; %s jobs list %s shows more", len(failed), plural(all, "failed member"), a.self(), shellQuote(inBatch(b.Name, store.FailedStates)))
	}
	return err
}

var memberColumns = []column{
	{name: "INDEX", right: true}, {name: "ID"}, {name: "STATE"}, {name: "TRY", right: true}, {name: "ERROR", flex: true},
}
