package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func newBatchesShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Show a batch and what failed in it",
		Example: `  bgq batches show thumbs-2026-11`,
		Args:    arguments(1, 1, "the name of one batch"),
		RunE:    func(c *cobra.Command, args []string) error { return a.showBatch(c.Context(), args[0]) },
	}
}

// shownFailures is how many of the failed members are shown.
const shownFailures = 10

func (a *app) showBatch(ctx context.Context, name string) error {
	var b queue.BatchStatus
	var failed []store.Job
	err := a.read(func(q *queue.Queue) (err error) {
		if b, err = q.Batch(ctx, name); err != nil {
			return unknownBatch(name, err)
		}
		page, err := q.List(ctx, store.ListRequest{
			Filter: store.Filter{Batches: []string{name}, States: store.FailedStates},
			Parts:  viewParts, Limit: shownFailures, Ascending: true,
		})
		failed = page.Jobs
		return err
	})
	if err != nil {
		return err
	}
	if a.format != formatTable {
		return a.printJSON(struct {
			batchView
			Failed []any `json:"failed"`
		}{viewBatch(&b).(batchView), viewJobs(pointers(failed))})
	}
	a.facts("",
		[2]string{"batch", clean(b.Name)},
		[2]string{"state", b.State()},
		[2]string{"kind", clean(b.Kind)},
		[2]string{"created", a.exactly(b.CreatedAt)},
		[2]string{"done", fmt.Sprintf("%s of %s%s", number(b.Counts[store.Completed]), number(b.Size()), percent(b.Counts[store.Completed], b.Size()))},
		[2]string{"failed", fmt.Sprintf("%s for good, %s to be tried again", number(b.Counts[store.Discarded]), number(b.Counts[store.Retryable]))},
		[2]string{"cancelled", number(b.Counts[store.Cancelled])},
		[2]string{"running", number(b.Counts[store.Running])},
		[2]string{"waiting", number(waitingIn(&b))},
	)
	if len(failed) == 0 {
		return nil
	}
	a.printf("\n")
	err = newTable(a, memberColumns).write(rowsOf(failed, a.memberRow))
	if all := b.Counts[store.Discarded] + b.Counts[store.Retryable]; int64(len(failed)) < all {
		a.say("these are %d of %s; bgq jobs list 'batch:%s' state:failed shows more", len(failed), plural(all, "failed member"), name)
	}
	return err
}

var memberColumns = []column{
	{name: "INDEX", right: true}, {name: "ID"}, {name: "STATE"}, {name: "TRY", right: true}, {name: "ERROR", flex: true},
}

func (a *app) memberRow(j *store.Job) []string {
	failure := ""
	if f := lastFailure(j); f != nil {
		failure = clean(f.Message)
	}
	return []string{fmt.Sprint(j.Index), j.ID.String(), a.state(j.State), tries(j), failure}
}

func rowsOf(jobs []store.Job, row func(*store.Job) []string) [][]string {
	rows := make([][]string, len(jobs))
	for i := range jobs {
		rows[i] = row(&jobs[i])
	}
	return rows
}

func percent(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return fmt.Sprintf(" (%.0f %%)", float64(part)/float64(whole)*100)
}

// unknownBatch adds what to do to the error about a batch that is not there.
func unknownBatch(name string, err error) error {
	if codeOf(err) != exitNotFound {
		return err
	}
	return &exitErr{exitNotFound, fmt.Errorf("batch %q: %w", name, store.ErrNotFound), "bgq batches list shows the names"}
}
