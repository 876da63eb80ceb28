package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func newJobsResultCommand(a *app) *cobra.Command {
	var raw bool
	c := &cobra.Command{
		Use:   "result ID",
		Short: "Print the result of a job",
		Long: `Print the result of a completed job as JSON. Reading does not consume it.
Exit code 3: the job failed or was cancelled; 1: it has not finished; 5: there is no such job.`,
		Example: `  bgq jobs result 01JD8Q3Z5M9XKX2T4V6W8Y0ABC
  bgq jobs result 01JD8Q3Z5M9XKX2T4V6W8Y0ABC --raw > thumb.jpg`,
		Args: arguments(1, 1, "one job id"),
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			return a.printResult(c.Context(), ids[0], raw)
		},
	}
	c.Flags().BoolVar(&raw, "raw", false, "print a text or bytes as they are, and of bgq run what the command printed")
	return c
}

func (a *app) printResult(ctx context.Context, id store.ID, raw bool) error {
	var j *store.Job
	err := a.read(func(q *queue.Queue) (err error) {
		j, err = q.Get(ctx, id, store.PartResult|store.PartFailures)
		return err
	})
	if err != nil {
		return err
	}
	if err := outcome(j); err != nil {
		return err
	}
	if !raw {
		return a.printJSON(valueJSON(j.Result))
	}
	b, err := resultRaw(j)
	if err != nil {
		return fail(exitError, "print it as JSON, without --raw", "job %s: the result cannot be printed raw: %w", id, err)
	}
	_, err = a.stdout.Write(b)
	return err
}

// outcome returns nil for a completed job, and otherwise what became of it.
func outcome(j *store.Job) error {
	if j.State == store.Completed {
		return nil
	}
	if !j.State.Final() {
		return fail(exitError, "bgq why "+j.ID.String()+" says what it waits for", "job %s has not finished: it is %s", j.ID, j.State)
	}
	message := "failed"
	if f := lastFailure(j); f != nil {
		message += ": " + f.Message
	}
	if j.State == store.Cancelled {
		message = "was cancelled"
		if j.Reason != "" {
			message += ": " + j.Reason
		}
	}
	return fail(exitJobFailed, "bgq jobs show "+j.ID.String()+" shows every attempt", "job %s %s", j.ID, message)
}
