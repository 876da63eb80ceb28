package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

func newBatchesCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "batches",
		Aliases: []string{"batch"},
		Short:   "List and show batches, read their results; retry, cancel and delete them",
		Example: `  bgq batches list
  bgq batches results thumbs-2026-11 -o jsonl
  bgq batches retry thumbs-2026-11 -y`,
	}
	c.AddCommand(newBatchesListCommand(a), newBatchesShowCommand(a), newBatchesResultsCommand(a),
		newBatchesRetryCommand(a), newBatchesCancelCommand(a), newBatchesDeleteCommand(a))
	return c
}

// in is how many members of a batch are in one of the states.
func in(b *wire.Batch, states ...store.State) int64 {
	var n int64
	for _, s := range states {
		n += b.Counts[s.String()]
	}
	return n
}

// waitingIn counts the members that have yet to run for the first time, also those that
// were never enqueued.
func waitingIn(b *wire.Batch) int64 { return b.Total - b.Done - in(b, store.Retryable, store.Running) }

var batchColumns = []column{
	{name: "NAME", flex: true}, {name: "STATE"}, {name: "KIND", flex: true}, {name: "QUEUE", wide: true}, {name: "SIZE", right: true}, {name: "DONE", right: true},
	{name: "FAILED", right: true}, {name: "RUNNING", right: true}, {name: "WAITING", right: true}, {name: "CREATED"},
}

func (a *app) batchRow(b *wire.Batch) []string {
	return []string{
		clean(b.Name), b.State, clean(b.Kind), clean(b.Queue), number(b.Total), number(in(b, store.Completed)),
		number(in(b, store.Discarded, store.Retryable)), number(in(b, store.Running)), number(waitingIn(b)), a.when(b.CreatedAt),
	}
}

// unknownBatch adds what to do to the error about a batch that is not there.
func unknownBatch(name string, err error) error {
	if codeOf(err) != exitNotFound || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return &exitErr{exitNotFound, fmt.Errorf("batch %q: %w", name, store.ErrNotFound), "bgq batches list shows the names"}
}
