package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

func newQueuesShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Show a queue with its settings",
		Example: `  bgq queues show img`,
		Args:    arguments(1, 1, "the name of one queue"),
		RunE: func(c *cobra.Command, args []string) error {
			ctx, name := c.Context(), args[0]
			if err := a.knownQueue(ctx, name); err != nil {
				return err
			}
			api, err := a.api()
			if err != nil {
				return err
			}
			q, err := api.Queue(ctx, name)
			if err != nil {
				return err
			}
			return a.printQueue(q)
		},
	}
}

// printQueue prints a queue, as it is after a change.
func (a *app) printQueue(q *wire.Queue) error {
	return a.print(q, func() error {
		f := factSheet{app: a}
		f.add("queue", clean(q.Name))
		state := a.queueState(q)
		if q.Paused {
			state += quoted(q.Reason)
		}
		f.add("state", state)
		if q.Paused {
			f.at("since", q.Since)
			f.add("by", by(q.PausedBy))
		}
		if q.Served {
			f.add("workers", fmt.Sprintf("%d, %d busy", q.WorkersLive, q.Busy))
		}
		if q.Workers > 0 && q.Workers != q.WorkersLive {
			f.add("workers set", strconv.Itoa(q.Workers))
		}
		if q.Rate > 0 {
			f.add("rate", perSecond(q.Rate))
		}
		for _, s := range store.AllStates() {
			if n := q.Counts[s.String()]; n > 0 {
				f.add(s.String(), number(n))
			}
		}
		f.at("oldest", q.OldestAt)
		f.add("done/min", number(int64(q.DonePerMinute+0.5)))
		f.add("last 30 min", sparkline(q.Recent, 30))
		f.print()
		return nil
	}, q.Name)
}
