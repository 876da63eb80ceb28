package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newBatchesListCommand(a *app) *cobra.Command {
	var every time.Duration
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List batches and how far they are",
		Long: `List batches, by name. FAILED are the members that are discarded or wait for another
attempt, WAITING those that have yet to run.`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error { return a.watch(c.Context(), every, a.listBatches) },
	}
	watchFlag(c, &every)
	return c
}

func (a *app) listBatches(ctx context.Context) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	all, err := api.Batches(ctx)
	if err != nil {
		return err
	}
	if len(all.Batches) == 0 {
		a.say("there are no batches")
	}
	return newList(a, batchColumns, a.batchRow, func(b *wire.Batch) string { return b.Name }).all(all.Batches)
}
