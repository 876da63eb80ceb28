package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func newBatchesCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "batches",
		Aliases: []string{"batch"},
		Short:   "List and show batches, read their results, retry what failed",
		Example: `  bgq batches list
  bgq batches results thumbs-2026-11 -o jsonl
  bgq batches retry thumbs-2026-11 -y`,
	}
	c.AddCommand(newBatchesListCommand(a), newBatchesShowCommand(a), newBatchesResultsCommand(a), newBatchesRetryCommand(a))
	return c
}

// batchView is a batch as JSON. Members that were never enqueued count in size and in waiting.
type batchView struct {
	Name      string     `json:"name"`
	State     string     `json:"state"`
	Kind      string     `json:"kind"`
	Queue     string     `json:"queue"`
	CreatedAt *time.Time `json:"created_at"`
	Size      int64      `json:"size"`
	Completed int64      `json:"completed"`
	Discarded int64      `json:"discarded"`
	Cancelled int64      `json:"cancelled"`
	Retryable int64      `json:"retryable"`
	Running   int64      `json:"running"`
	Waiting   int64      `json:"waiting"`
}

func viewBatch(b *queue.BatchStatus) any {
	return batchView{
		Name: b.Name, State: b.State(), Kind: b.Kind, Queue: b.Queue, CreatedAt: timeOrNil(b.CreatedAt), Size: b.Size(),
		Completed: b.Counts[store.Completed], Discarded: b.Counts[store.Discarded], Cancelled: b.Counts[store.Cancelled],
		Retryable: b.Counts[store.Retryable], Running: b.Counts[store.Running], Waiting: waitingIn(b),
	}
}

// waitingIn counts the members that have yet to run for the first time.
func waitingIn(b *queue.BatchStatus) int64 {
	return b.Size() - b.Finalised() - b.Counts[store.Retryable] - b.Counts[store.Running]
}

var batchColumns = []column{
	{name: "NAME", flex: true}, {name: "STATE"}, {name: "KIND", flex: true}, {name: "SIZE", right: true}, {name: "DONE", right: true},
	{name: "FAILED", right: true}, {name: "RUNNING", right: true}, {name: "WAITING", right: true}, {name: "CREATED"},
}

func (a *app) batchRow(b *queue.BatchStatus) []string {
	return []string{
		clean(b.Name), b.State(), clean(b.Kind), number(b.Size()), number(b.Counts[store.Completed]),
		number(b.Counts[store.Discarded] + b.Counts[store.Retryable]), number(b.Counts[store.Running]), number(waitingIn(b)), a.when(b.CreatedAt),
	}
}
