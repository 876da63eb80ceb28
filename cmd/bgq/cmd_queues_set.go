package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newQueuesSetCommand(a *app) *cobra.Command {
	var workers int
	var most rate
	var isNew bool
	c := &cobra.Command{
		Use:   "set NAME",
		Short: "Set how many jobs of a queue run at once, and how many start in a time",
		Long: `Set how many jobs of a queue run at once, and how many are started in a time. An app that
runs takes it up at once, and every app that is started later. 0 takes a setting back:
then what the app says counts, and there is no limit in time.`,
		Example: `  bgq queues set img --workers 4
  bgq queues set mail --rate 5/s
  bgq queues set mail --rate 0`,
		Args: arguments(1, 1, "the name of one queue"),
		RunE: func(c *cobra.Command, args []string) error {
			var change wire.QueueChange
			done := "set"
			if c.Flags().Changed("workers") {
				if workers < 0 {
					return usage("0 takes the setting back", "--workers is %d: give a positive number", workers)
				}
				change.Workers = &workers
				done += " " + orDefault(workers > 0, strconv.Itoa(workers)) + " workers"
			}
			if c.Flags().Changed("rate") {
				r := float64(most)
				change.Rate = &r
				if change.Workers != nil {
					done += " and"
				}
				done += fmt.Sprintf(" rate %s", orDefault(r > 0, perSecond(r)))
			}
			if change == (wire.QueueChange{}) {
				return usage("usage: "+c.UseLine(), "give --workers, --rate or both")
			}
			return a.changeQueue(c.Context(), args[0], isNew, done+" for", change)
		},
	}
	c.Flags().IntVar(&workers, "workers", 0, "how many jobs run at once: `N`, or 0 for what the app says")
	c.Flags().Var(&most, "rate", "how many jobs are started in a time: 5/s, 20/m, or 0 for any number")
	newQueueFlag(c, &isNew)
	return c
}

func orDefault(set bool, s string) string {
	if !set {
		return "default"
	}
	return s
}
