package main

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

func newStatusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the file, its queues and open batches on one screen",
		Long: `Show the file, its queues and the batches that are not done, on one screen. READY are
jobs that may run now, OLDEST since when the first of them waits, HELD those that wait
for a release, DEAD those that failed for good.`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := a.readStatus(c.Context())
			if err != nil {
				return err
			}
			if a.format != formatTable {
				return a.printJSON(s.view())
			}
			return a.printStatus(s)
		},
	}
}

// status is what the screen shows.
type status struct {
	info    boltstore.Info
	queues  []queueStatus
	batches []queue.BatchStatus // the open ones
	ended   int                 // batches that are not open
	failed  int                 // of these, those whose members did not all complete
	orphans []store.Job         // a few of those that were running when the process died
}

// queueStatus is one queue that is not the queue of a batch.
type queueStatus struct {
	store.QueueInfo
	counts [store.Discarded + 1]int64
	oldest time.Time // when the oldest available job became ready; zero if there is none
}

// shownOrphans is how many of the jobs that were running are shown.
const shownOrphans = 10

func (a *app) readStatus(ctx context.Context) (*status, error) {
	t, err := a.open(true)
	if err != nil {
		return nil, err
	}
	defer t.close()
	s := &status{}
	if s.info, err = t.store.Info(); err != nil {
		return nil, err
	}
	if err := s.readBatches(ctx, t.queue); err != nil {
		return nil, err
	}
	if err := s.readQueues(ctx, t.queue); err != nil {
		return nil, err
	}
	page, err := t.queue.List(ctx, store.ListRequest{Filter: store.Filter{States: store.SetOf(store.Running)}, Limit: shownOrphans})
	s.orphans = page.Jobs
	return s, err
}

func (s *status) readBatches(ctx context.Context, q *queue.Queue) error {
	all, err := q.Batches(ctx)
	for _, b := range all {
		switch b.State() {
		case "failed":
			s.failed++
			s.ended++
		case "completed":
			s.ended++
		default:
			s.batches = append(s.batches, b)
		}
	}
	return err
}

// readQueues reads the counters and settings of every queue. That of a batch is shown
// with the batch, unless it is paused.
func (s *status) readQueues(ctx context.Context, q *queue.Queue) error {
	rows, err := q.Store().Count(ctx)
	if err != nil {
		return err
	}
	known, err := q.Store().Queues(ctx)
	if err != nil {
		return err
	}
	batches, err := q.Store().Batches(ctx)
	if err != nil {
		return err
	}
	ofBatch := map[string]bool{}
	for _, b := range batches {
		ofBatch[b.Queue] = true
	}
	queues := map[string]*queueStatus{}
	at := func(name string) *queueStatus {
		if queues[name] == nil {
			queues[name] = &queueStatus{QueueInfo: store.QueueInfo{Name: name}}
		}
		return queues[name]
	}
	for _, k := range known {
		if !ofBatch[k.Name] || k.Paused {
			at(k.Name).QueueInfo = k
		}
	}
	for _, r := range rows {
		if !ofBatch[r.Queue] || queues[r.Queue] != nil {
			at(r.Queue).counts[r.State] += r.N
		}
	}
	for _, st := range queues {
		if st.oldest, err = oldestReady(ctx, q, st); err != nil {
			return err
		}
		s.queues = append(s.queues, *st)
	}
	slices.SortFunc(s.queues, func(x, y queueStatus) int { return cmp.Compare(x.Name, y.Name) })
	return nil
}

// oldestReady returns since when the oldest available job of a queue waits.
func oldestReady(ctx context.Context, q *queue.Queue, st *queueStatus) (time.Time, error) {
	if st.counts[store.Available] == 0 {
		return time.Time{}, nil
	}
	page, err := q.List(ctx, store.ListRequest{
		Filter: store.Filter{Queues: []string{st.Name}, States: store.SetOf(store.Available)}, Limit: 1, Ascending: true,
	})
	if err != nil || len(page.Jobs) == 0 {
		return time.Time{}, err
	}
	return page.Jobs[0].RunAt, nil
}
