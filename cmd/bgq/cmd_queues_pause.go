package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newQueuesPauseCommand(a *app) *cobra.Command {
	var reason string
	var isNew bool
	c := &cobra.Command{
		Use:   "pause NAME",
		Short: "Start nothing from a queue until it is resumed",
		Long: `Start nothing from a queue until it is resumed. What is running goes on to its end, and jobs
may still be enqueued. The queue stays paused when the app starts again.`,
		Example: `  bgq queues pause img --reason "disk full"`,
		Args:    arguments(1, 1, "the name of one queue"),
		RunE: func(c *cobra.Command, args []string) error {
			paused := true
			return a.changeQueue(c.Context(), args[0], isNew, "paused", wire.QueueChange{Paused: &paused, Reason: &reason})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the `text` that others see")
	newQueueFlag(c, &isNew)
	return c
}

func newQueueFlag(c *cobra.Command, isNew *bool) {
	c.Flags().BoolVar(isNew, "new", false, "also a queue that has had no job yet")
}

func newQueuesResumeCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "resume NAME",
		Short:   "Let the jobs of a queue run again",
		Example: `  bgq queues resume img`,
		Args:    arguments(1, 1, "the name of one queue"),
		RunE: func(c *cobra.Command, args []string) error {
			paused := false
			return a.changeQueue(c.Context(), args[0], false, "resumed", wire.QueueChange{Paused: &paused})
		},
	}
}

// changeQueue changes the settings of a queue, and says so.
func (a *app) changeQueue(ctx context.Context, name string, isNew bool, done string, change wire.QueueChange) error {
	if !isNew {
		if err := a.knownQueue(ctx, name); err != nil {
			return err
		}
	}
	api, err := a.api()
	if err != nil {
		return err
	}
	q, err := api.SetQueue(ctx, name, change)
	if err != nil {
		return err
	}
	if a.format.structured() || a.format == formatName {
		return a.printQueue(q)
	}
	a.printf("%s queue %s\n", done, clean(q.Name))
	return nil
}
