package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

func newJobsWaitCommand(a *app) *cobra.Command {
	var filterText string
	var timeout span
	c := &cobra.Command{
		Use:   "wait ID... | -f FILTER",
		Short: "Wait until jobs have ended",
		Long: `Wait until jobs have ended, and say how. Exit code 0: all of them completed; 3: one
failed or was cancelled; 124: the time of --timeout was over. With -f the jobs are awaited that the
filter selects now and that have not ended; new ones that come meanwhile are not.

While no app runs nobody runs jobs: then a job that has not ended will not end, which is an
error at once. With --timeout an app is waited for, too.`,
		Example: `  bgq jobs wait 01JD8Q3Z5M9XKX2T4V6W8Y0ABC --timeout 10m && echo done
  bgq jobs wait -f batch:nov`,
		Args: func(c *cobra.Command, args []string) error {
			switch byFilter := c.Flags().Changed("filter"); {
			case byFilter && len(args) > 0:
				return usage("usage: "+c.UseLine(), "give either ids or -f, not both")
			case !byFilter && len(args) == 0:
				return usage("usage: "+c.UseLine(), "%s needs a job id, or -f FILTER", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			w := &waiting{app: a}
			if timeout > 0 {
				w.timeout, w.end = time.Duration(timeout), time.Now().Add(time.Duration(timeout))
			}
			if w.api, err = a.api(); err != nil {
				return err
			}
			if c.Flags().Changed("filter") {
				if ids, err = w.open(c.Context(), filterText); err != nil {
					return err
				}
			}
			return w.all(c.Context(), ids)
		},
	}
	filterFlag(c, &filterText, "wait for these jobs")
	c.Flags().Var(&timeout, "timeout", "wait no longer than this `duration`, like 90s or 10m")
	return c
}

const (
	// lookAgain is how long wait sleeps between two looks at a file.
	lookAgain = 250 * time.Millisecond
	// longPoll is how long an app is asked to wait at a time.
	longPoll = 30 * time.Second
)

// waiting waits for jobs, one after the other.
type waiting struct {
	app     *app
	api     *client.Client
	timeout time.Duration
	end     time.Time // zero: without a timeout
}

// open returns the jobs of a filter that have not ended.
func (w *waiting) open(ctx context.Context, text string) ([]store.ID, error) {
	text, err := w.app.filterText(text)
	if err != nil {
		return nil, err
	}
	var ids []store.ID
	for j, err := range w.api.AllJobs(ctx, client.JobsRequest{Filter: text, Limit: 1000, Ascending: true}) {
		if err != nil {
			return nil, err
		}
		if !j.State.Final() {
			ids = append(ids, j.ID)
		}
	}
	if len(ids) == 0 {
		w.app.say("no job that matches has yet to end")
	}
	return ids, nil
}

// all waits for all of the jobs, prints each, and fails if one did not complete.
func (w *waiting) all(ctx context.Context, ids []store.ID) error {
	out := newJobList(w.app)
	if err := out.check(); err != nil {
		return err
	}
	if err := w.known(ctx, ids); err != nil {
		return err
	}
	var failed int
	var first error
	for _, id := range ids {
		j, err := w.one(ctx, id)
		if err != nil {
			return err
		}
		if err := out.add(j); err != nil {
			return err
		}
		if err := outcome(j); err != nil {
			if failed++; first == nil {
				first = err
			}
		}
	}
	if err := out.end(); err != nil {
		return err
	}
	if failed > 1 {
		return fail(exitJobFailed, hintOf(first), "%d of %s did not complete; %s", failed, plural(int64(len(ids)), "job"), messageOf(first))
	}
	return first
}

// known fails for a job that does not exist before any is waited for.
func (w *waiting) known(ctx context.Context, ids []store.ID) error {
	if len(ids) > 100 { // they were found by a filter just now
		return nil
	}
	for _, id := range ids {
		if _, err := w.look(ctx, id, 0); err != nil && !w.patient(err) {
			return err
		}
	}
	return nil
}

// one waits for one job.
func (w *waiting) one(ctx context.Context, id store.ID) (*wire.Job, error) {
	for {
		j, err := w.look(ctx, id, longPoll)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err == nil && j.State.Final():
			return j, nil
		case err != nil && !w.patient(err):
			return nil, err
		case w.over():
			return nil, w.timedOut(id, j, err)
		}
		live, notLive := w.app.isLive(ctx)
		if live && err == nil {
			continue
		}
		if w.end.IsZero() && !live && notLive == nil {
			return nil, fail(exitError, "start the app, or give --timeout to wait for one; bgq why "+id.String()+" says more",
				"job %s has not ended, and no app works on %s: nobody will finish it", id, w.app.db)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lookAgain):
		}
	}
}

// look asks for a job, and lets an app wait for its end as long as there is time.
func (w *waiting) look(ctx context.Context, id store.ID, most time.Duration) (*wire.Job, error) {
	if !w.end.IsZero() {
		most = max(0, min(most, time.Until(w.end)))
	}
	return w.api.Wait(ctx, id, most.Round(time.Millisecond), client.JSON)
}

// patient tells whether an error may be over soon, and there is time to wait for that.
func (w *waiting) patient(err error) bool {
	if isProblem(err, wire.CodeClosed) {
		return true
	}
	return !w.end.IsZero() && (codeOf(err) == exitLocked || hungUp(err))
}

func (w *waiting) over() bool { return !w.end.IsZero() && !time.Now().Before(w.end) }

func (w *waiting) timedOut(id store.ID, j *wire.Job, err error) error {
	if err != nil {
		return fail(exitTimeout, "wait longer with --timeout", "after %v another process still holds %s", w.timeout, w.app.db)
	}
	return fail(exitTimeout, fmt.Sprintf("wait longer with --timeout; bgq why %s says more", id), "after %v job %s is still %s", w.timeout, id, j.State)
}
