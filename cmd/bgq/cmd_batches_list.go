package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue"
)

func newBatchesListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List batches and how far they are",
		Long: `List batches, by name. FAILED are the members that are discarded or wait for another
attempt, WAITING those that have yet to run.`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error {
			var batches []queue.BatchStatus
			err := a.read(func(q *queue.Queue) (err error) {
				batches, err = q.Batches(c.Context())
				return err
			})
			if err != nil {
				return err
			}
			if len(batches) == 0 {
				a.say("there are no batches")
			}
			out := newList(a, batchColumns, a.batchRow, viewBatch)
			return errors.Join(out.add(pointers(batches)), out.end())
		},
	}
}
