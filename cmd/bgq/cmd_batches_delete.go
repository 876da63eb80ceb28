package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/store"
)

func newBatchesDeleteCommand(a *app) *cobra.Command {
	var dryRun bool
	c := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a batch with all its members and results",
		Long: `Delete a batch with all its members and their results. It cannot be brought back, and a
program that runs the batch again begins anew. A batch with running members
is not deleted. You are asked for the number of its members.`,
		Example: `  bgq batches delete thumbs-2026-11 --dry-run`,
		Args:    arguments(1, 1, "the name of one batch"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.deleteBatch(c.Context(), args[0], dryRun)
		},
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only show what would be done")
	return c
}

// deletedBatch is what was deleted, as JSON.
type deletedBatch struct {
	Batch   string `json:"batch"`
	Members int64  `json:"members"`
	DryRun  bool   `json:"dry_run,omitempty"`
}

func (a *app) deleteBatch(ctx context.Context, name string, dryRun bool) error {
	b, err := a.batch(ctx, name)
	if err != nil {
		return err
	}
	var members int64
	for _, n := range b.Counts {
		members += n
	}
	text := fmt.Sprintf("batch %s, %s, %s with %s", clean(name), b.State, plural(members, "member"), plural(in(b, store.Completed), "result"))
	if dryRun {
		return a.print(deletedBatch{name, members, true}, func() error {
			a.printf("%s would be deleted\n", text)
			return nil
		}, name)
	}
	if !a.yes {
		a.say("%s would be deleted", text)
		if err := a.askNumber(ctx, fmt.Sprintf("Delete %s?", plural(members, "member")), members); err != nil {
			return err
		}
	}
	api, err := a.api()
	if err != nil {
		return err
	}
	if err := api.DeleteBatch(ctx, name); err != nil {
		return unknownBatch(name, err)
	}
	return a.print(deletedBatch{Batch: name, Members: members}, func() error {
		a.printf("deleted batch %s with %s\n", clean(name), plural(members, "member"))
		return nil
	}, name)
}
