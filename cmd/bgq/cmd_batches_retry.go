package main

import (
	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func newBatchesRetryCommand(a *app) *cobra.Command {
	verb := a.retryVerb()
	c := &cobra.Command{
		Use:   "retry NAME",
		Short: "Make the failed members of a batch available again",
		Long: `Make the failed members of a batch available at once: those that are discarded and
those that wait for their next attempt. They are counted first, a few are shown, and
you are asked. They run when the program of the batch runs again.`,
		Example: `  bgq batches retry thumbs-2026-11 --dry-run`,
		Args:    arguments(1, 1, "the name of one batch"),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, name := c.Context(), args[0]
			err := a.read(func(q *queue.Queue) error {
				_, err := q.Batch(ctx, name)
				return unknownBatch(name, err)
			})
			if err != nil {
				return err
			}
			return verb.selected(ctx, store.Filter{Batches: []string{name}})
		},
	}
	verb.askFlags(c)
	return c
}
