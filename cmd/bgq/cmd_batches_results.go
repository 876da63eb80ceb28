package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func newBatchesResultsCommand(a *app) *cobra.Command {
	var raw bool
	c := &cobra.Command{
		Use:   "results NAME",
		Short: "Print the results of a batch in their order",
		Long: `Print how every member of a batch ended, in the order of their indexes: the result of
those that completed, the error of the others. Members that have not ended are
left out, and counted on stderr. A batch of any size is printed page by page.

With --raw the results of those that completed are printed as they are, one behind
the other: of bgq run what the commands printed.`,
		Example: `  bgq batches results thumbs-2026-11
  bgq batches results thumbs-2026-11 -o jsonl | jq -c .result
  bgq batches results hashes --raw > hashes.txt`,
		Args: arguments(1, 1, "the name of one batch"),
		RunE: func(c *cobra.Command, args []string) error { return a.printResults(c.Context(), args[0], raw) },
	}
	c.Flags().BoolVar(&raw, "raw", false, "print a text or bytes as they are, and of bgq run what the commands printed")
	return c
}

// resultView is the end of a member as JSON.
type resultView struct {
	Index  int64           `json:"index"`
	ID     store.ID        `json:"id"`
	State  store.State     `json:"state"`
	Result json.RawMessage `json:"result"`
	Error  *string         `json:"error"`
}

func viewResult(j *store.Job) any {
	v := resultView{Index: j.Index, ID: j.ID, State: j.State, Result: valueJSON(j.Result)}
	if f := lastFailure(j); f != nil && j.State != store.Completed {
		v.Error = &f.Message
	}
	return v
}

func (a *app) printResults(ctx context.Context, name string, raw bool) error {
	var b queue.BatchStatus
	err := a.read(func(q *queue.Queue) (err error) {
		b, err = q.Batch(ctx, name)
		return unknownBatch(name, err)
	})
	if err != nil {
		return err
	}
	columns := []column{{name: "INDEX", right: true}, {name: "STATE"}, {name: "RESULT", flex: true}}
	out := newList(a, columns, a.resultRow, viewResult)
	req := store.ListRequest{
		Filter:    store.Filter{Batches: []string{name}, States: store.FinalStates},
		Parts:     store.PartResult | store.PartFailures,
		Ascending: true,
	}
	show := func(jobs []store.Job) error { return out.add(pointers(jobs)) }
	if raw {
		show = a.printRaw
	}
	err = a.stream(ctx, req, 0, show)
	if err != nil {
		return err
	}
	if open := b.Size() - b.Finalised(); open > 0 {
		a.say("%s of %s have not ended", number(open), plural(b.Size(), "member"))
	}
	if raw {
		return nil
	}
	return out.end()
}

// printRaw prints the results of completed jobs as they are.
func (a *app) printRaw(jobs []store.Job) error {
	for i := range jobs {
		j := &jobs[i]
		if j.State != store.Completed {
			a.say("index %d is %s: bgq jobs show %s", j.Index, j.State, j.ID)
			continue
		}
		b, err := resultRaw(j)
		if err != nil {
			return fail(exitError, "print the results as JSON, without --raw", "job %s: the result cannot be printed raw: %w", j.ID, err)
		}
		if _, err := a.stdout.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// resultRow is the end of a member as cells.
func (a *app) resultRow(j *store.Job) []string {
	cell := ""
	if j.State == store.Completed {
		cell = clean(string(valueJSON(j.Result)))
	} else if f := lastFailure(j); f != nil {
		cell = clean(f.Message)
	}
	return []string{fmt.Sprint(j.Index), a.state(j.State), cell}
}
