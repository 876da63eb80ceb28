package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func newJobsCancelCommand(a *app) *cobra.Command {
	var reason string
	verb := &bulk{
		app: a, verb: "cancel", done: "cancelled", narrow: store.EveryState &^ store.FinalStates,
		apply: func(ctx context.Context, q *queue.Queue, ids []store.ID) (store.Changed, error) {
			return q.Cancel(ctx, reason, ids...)
		},
	}
	c := &cobra.Command{
		Use:   "cancel ID... | -f FILTER",
		Short: "Call jobs off",
		Long: `Call jobs off that have not ended. It is final: a cancelled job runs again only after
bgq jobs retry.

With -f all jobs that the filter selects are counted, a few are shown, and you are asked.
Exit code 4: some were refused; 5: an id does not exist; 6: you said no; 12: --expect
did not hold.`,
		Example: `  bgq jobs cancel 01JD8Q3Z5M9XKX2T4V6W8Y0ABC --reason "wrong picture"
  bgq jobs cancel -f 'queue:mail state:scheduled' --dry-run`,
		RunE: func(c *cobra.Command, args []string) error { return verb.run(c.Context(), args) },
	}
	verb.flags(c)
	c.Flags().StringVar(&reason, "reason", "", "why, for the `text` in the record")
	return c
}
