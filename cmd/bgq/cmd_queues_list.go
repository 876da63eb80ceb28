package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newQueuesListCommand(a *app) *cobra.Command {
	var every time.Duration
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List queues and what waits in them",
		Long: `List queues, by name. READY are jobs that may run now, RUNNING those that run, with the
number of workers if the app serves the queue; SCHED wait for their time; FAILED wait for
another attempt or have failed for good. OLDEST is since when the first ready job waits.
-o wide shows more, like the jobs that are held, and the settings.`,
		Example: `  bgq queues list -w`,
		Args:    arguments(0, 0, "no arguments"),
		RunE:    func(c *cobra.Command, args []string) error { return a.watch(c.Context(), every, a.listQueues) },
	}
	watchFlag(c, &every)
	return c
}

func (a *app) listQueues(ctx context.Context) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	all, err := api.Queues(ctx)
	if err != nil {
		return err
	}
	if len(all.Queues) == 0 {
		a.say("there are no queues")
	}
	return newList(a, queueColumns, a.queueRow, func(q *wire.Queue) string { return q.Name }).all(all.Queues)
}
