package main

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
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
		RunE: func(c *cobra.Command, args []string) error {
			if raw {
				return a.printRaw(c.Context(), args[0])
			}
			return a.printResults(c.Context(), args[0])
		},
	}
	c.Flags().BoolVar(&raw, "raw", false, "print a text or bytes as they are, and of bgq run what the commands printed")
	return c
}

// memberResult is the end of a member as JSON.
type memberResult struct {
	Index  int64           `json:"index"`
	ID     store.ID        `json:"id"`
	State  store.State     `json:"state"`
	Result json.RawMessage `json:"result"`
	Error  *string         `json:"error"`
}

func (a *app) printResults(ctx context.Context, name string) error {
	columns := []column{{name: "INDEX", right: true}, {name: "ID", wide: true}, {name: "STATE"}, {name: "RESULT", flex: true}}
	out := newList(a, columns, func(r memberResult) []string {
		cell := clean(string(r.Result))
		if r.Error != nil {
			cell = clean(*r.Error)
		}
		return []string{strconv.FormatInt(r.Index, 10), r.ID.String(), a.state(r.State), cell}
	}, func(r memberResult) string { return r.ID.String() })
	if err := out.check(); err != nil {
		return err
	}
	err := a.eachResult(ctx, name, client.JSON, func(page []*wire.Job) error {
		results := make([]memberResult, len(page))
		for i, j := range page {
			results[i] = memberResult{Index: indexOf(j), ID: j.ID, State: j.State, Result: j.Result}
			if j.State != store.Completed {
				results[i].Error = j.Error
			}
		}
		return out.add(results...)
	})
	if err != nil {
		return err
	}
	return out.end()
}

// printRaw prints the results of the members that completed as they are.
func (a *app) printRaw(ctx context.Context, name string) error {
	return a.eachResult(ctx, name, client.Msgpack, func(page []*wire.Job) error {
		for _, j := range page {
			if j.State != store.Completed {
				a.say("index %d is %s: %s jobs show %s", indexOf(j), j.State, a.self(), j.ID)
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
	})
}

// eachResult hands out the members of a batch that have ended, page by page in the order of their
// indexes, and says how many have not.
func (a *app) eachResult(ctx context.Context, name string, values client.Values, page func([]*wire.Job) error) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	b, err := api.Batch(ctx, name, client.JSON)
	if err != nil {
		return unknownBatch(name, err)
	}
	req := client.JobsRequest{Filter: inBatch(name, store.FinalStates), Limit: 100, Result: true, Failures: true, Values: values, Ascending: true}
	for {
		p, err := api.Jobs(ctx, req)
		if err != nil {
			return err
		}
		if err := page(p.Jobs); err != nil {
			return err
		}
		if req.Cursor = p.Next; p.Next == "" {
			break
		}
	}
	if open := b.Total - b.Done; open > 0 {
		a.say("%s of %s have not ended", number(open), plural(b.Total, "member"))
	}
	return nil
}
