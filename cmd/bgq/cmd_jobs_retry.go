package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// retryVerb makes jobs available again, whatever became of them. A filter that
// names no state means those that failed: it should not run finished work again by accident.
func (a *app) retryVerb() *bulk {
	return &bulk{
		app: a, verb: "retry", done: "retried", narrow: store.FailedStates,
		apply: func(ctx context.Context, q *queue.Queue, ids []store.ID) (store.Changed, error) {
			return q.Retry(ctx, ids...)
		},
	}
}

func newJobsRetryCommand(a *app) *cobra.Command {
	verb := a.retryVerb()
	c := &cobra.Command{
		Use:   "retry ID... | -f FILTER",
		Short: "Make jobs available again",
		Long: `Make jobs available at once, whatever became of them, unless they are running. Their
history is kept, and one more attempt is granted if none was left.

With -f all jobs that the filter selects are counted, a few are shown, and you are
asked. A filter that names no state selects failed jobs: retryable and discarded.
Exit code 4: some were refused; 5: an id does not exist; 6: you said no; 12: --expect
did not hold.`,
		Example: `  bgq jobs retry 01JD8Q3Z5M9XKX2T4V6W8Y0ABC
  bgq jobs retry -f 'kind:resize error~"no space"'
  bgq jobs retry -f state:discarded --expect 1284 -y`,
		RunE: func(c *cobra.Command, args []string) error { return verb.run(c.Context(), args) },
	}
	verb.flags(c)
	return c
}
