package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	batch "github.com/bgq-dev/bgq/cmd/bgq/internal/run"
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
	c.Flags().BoolVar(&raw, "raw", false, "print a text or bytes as they are, and of bgq run and bgq enqueue sh what the command printed")
	return c
}

func (a *app) printResult(ctx context.Context, id store.ID, raw bool) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	if !raw {
		r, err := api.Result(ctx, id, client.JSON)
		switch {
		case isProblem(err, wire.CodeJobFailed, wire.CodeJobCancelled):
			return fail(exitJobFailed, a.self()+" jobs show "+id.String()+" shows every attempt", "%w", err)
		case err != nil:
			return err
		}
		return a.print(r.Result, func() error { return a.printValue(r.Result) })
	}
	// The kind of a job decides how its result is read.
	j, err := api.Job(ctx, id, client.Msgpack)
	if err != nil {
		return err
	}
	if err := outcome(j); err != nil {
		return err
	}
	b, err := resultRaw(j)
	if err != nil {
		return fail(exitError, "print it as JSON, without --raw", "job %s: the result cannot be printed raw: %w", id, err)
	}
	_, err = a.stdout.Write(b)
	return err
}

// resultRaw returns the result of a completed job as it is: what a command of bgq run
// printed, or a text or bytes. The job has been read with values=msgpack.
func resultRaw(j *wire.Job) ([]byte, error) {
	switch {
	case j.ResultMsgpack == nil:
		return nil, errors.New("it is neither text nor bytes")
	case j.Kind == batch.Kind || j.Kind == batch.ShellKind:
		return batch.Stdout(j.ResultMsgpack)
	}
	return wire.ValueRaw(j.ResultMsgpack)
}

// outcome returns nil for a completed job, and otherwise what became of it.
func outcome(j *wire.Job) error {
	if j.State == store.Completed {
		return nil
	}
	if !j.State.Final() {
		return fail(exitError, "bgq why "+j.ID.String()+" says what it waits for", "job %s has not finished: it is %s", j.ID, j.State)
	}
	message := "failed"
	if j.Error != nil {
		message += ": " + *j.Error
	}
	if j.State == store.Cancelled {
		message = "was cancelled"
		if j.Reason != "" {
			message += ": " + j.Reason
		}
	}
	return fail(exitJobFailed, "bgq jobs show "+j.ID.String()+" shows every attempt", "job %s %s", j.ID, message)
}
