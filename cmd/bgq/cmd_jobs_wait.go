package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func newJobsWaitCommand(a *app) *cobra.Command {
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "wait ID...",
		Short: "Wait until jobs have ended",
		Long: `Wait until jobs have ended, and say how. Exit code 0: all of them completed; 3: one
failed or was cancelled.

While no app holds the file nobody runs jobs: then a job that has not ended will
not end, which is an error at once. With --timeout the file is looked at again
and again for that long, also while an app holds it; exit code 124 if that was not
long enough.`,
		Example: `  bgq jobs wait 01JD8Q3Z5M9XKX2T4V6W8Y0ABC --timeout 10m && echo done`,
		Args:    arguments(1, -1, "a job id"),
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			if timeout < 0 {
				return usage("for example --timeout 10m", "--timeout is %v: give a positive duration", timeout)
			}
			return a.waitJobs(c.Context(), ids, timeout)
		},
	}
	c.Flags().DurationVar(&timeout, "timeout", 0, "keep looking for this `long`, like 90s or 10m")
	return c
}

// lookAgain is how long wait sleeps between two looks at the file.
const lookAgain = 250 * time.Millisecond

func (a *app) waitJobs(ctx context.Context, ids []store.ID, timeout time.Duration) error {
	end := time.Now().Add(timeout)
	for {
		jobs, err := a.getJobs(ctx, ids, viewParts)
		open := unfinished(jobs)
		switch {
		case err == nil && open == nil:
			return a.printWaited(jobs)
		case err != nil && (timeout == 0 || !errors.Is(err, store.ErrLocked)):
			return err
		case timeout == 0:
			return fail(exitError, "start the app, or give --timeout to wait for one; bgq why "+open.ID.String()+" says more",
				"job %s is %s, and no app works on %s: nobody will finish it", open.ID, open.State, a.db)
		case time.Now().After(end) && err != nil:
			return fail(exitTimeout, "wait longer with --timeout", "after %v another process still holds %s", timeout, a.db)
		case time.Now().After(end):
			return fail(exitTimeout, "wait longer with --timeout; bgq why "+open.ID.String()+" says more", "after %v job %s is still %s", timeout, open.ID, open.State)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lookAgain):
		}
	}
}

// getJobs reads all of the jobs, or fails with the first that does not exist.
func (a *app) getJobs(ctx context.Context, ids []store.ID, parts store.Parts) ([]*store.Job, error) {
	var jobs []*store.Job
	err := a.read(func(q *queue.Queue) error {
		for _, id := range ids {
			j, err := q.Get(ctx, id, parts)
			if err != nil {
				return err
			}
			jobs = append(jobs, j)
		}
		return nil
	})
	return jobs, err
}

// unfinished returns the first job that has not ended, or nil.
func unfinished(jobs []*store.Job) *store.Job {
	for _, j := range jobs {
		if !j.State.Final() {
			return j
		}
	}
	return nil
}

// printWaited prints the jobs, all of which have ended, and fails if one did not complete.
func (a *app) printWaited(jobs []*store.Job) error {
	out := newList(a, jobColumns, a.jobRow, viewJob)
	if err := errors.Join(out.add(jobs), out.end()); err != nil {
		return err
	}
	for _, j := range jobs {
		if err := outcome(j); err != nil {
			return err
		}
	}
	return nil
}
