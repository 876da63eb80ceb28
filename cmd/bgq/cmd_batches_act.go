package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newBatchesRetryCommand(a *app) *cobra.Command {
	b := &bulk{app: a, action: wire.ActionRetry, done: "retried"}
	return b.onBatch(&cobra.Command{
		Use:   "retry NAME",
		Short: "Make the failed members of a batch available again",
		Long: `Make the failed members of a batch available at once: those that are discarded and
those that wait for their next attempt. They are counted first, a few are shown, and
you are asked. They run when the program of the batch runs.`,
		Example: `  bgq batches retry thumbs-2026-11 --dry-run`,
	})
}

func newBatchesCancelCommand(a *app) *cobra.Command {
	b := &bulk{app: a, action: wire.ActionCancel, done: "cancelled"}
	return b.onBatch(&cobra.Command{
		Use:   "cancel NAME",
		Short: "Call the members of a batch off that have not ended",
		Long: `Call off the members of a batch that have not ended. They are counted first, a few are
shown, and you are asked. Members that were not enqueued yet are not touched: the program
of the batch decides about them.`,
		Example: `  bgq batches cancel thumbs-2026-11 --reason "wrong size"`,
	})
}

// onBatch makes the verb one on the members of a batch that is named.
func (b *bulk) onBatch(c *cobra.Command) *cobra.Command {
	c.Args = arguments(1, 1, "the name of one batch")
	c.RunE = func(c *cobra.Command, args []string) error {
		if _, err := b.app.batch(c.Context(), args[0]); err != nil {
			return err
		}
		return b.selected(c.Context(), inBatch(args[0], 0))
	}
	b.flags(c)
	return c
}

// batch returns a batch that must be there.
func (a *app) batch(ctx context.Context, name string) (*wire.Batch, error) {
	api, err := a.api()
	if err != nil {
		return nil, err
	}
	b, err := api.Batch(ctx, name, client.JSON)
	return b, unknownBatch(name, err)
}
