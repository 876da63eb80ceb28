package main

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/bgq-dev/bgq/store"
)

// statusView is the status as JSON.
type statusView struct {
	File      string      `json:"file"`
	SizeBytes int64       `json:"size_bytes"`
	Format    int         `json:"format"`
	Queues    []queueView `json:"queues"`
	Batches   []any       `json:"open_batches"`
	Ended     int         `json:"ended_batches"`
	Failed    int         `json:"failed_batches"` // of those that ended
	// Orphans are jobs that were running when their process died, ten at the most.
	Orphans []any `json:"orphans"`
}

type queueView struct {
	Name        string           `json:"name"`
	Paused      bool             `json:"paused"`
	PausedSince *time.Time       `json:"paused_since"`
	Reason      string           `json:"reason"`
	Counts      map[string]int64 `json:"counts"`
	OldestReady *time.Time       `json:"oldest_ready"`
}

func (s *status) view() statusView {
	v := statusView{
		File: s.info.Path, SizeBytes: s.info.Size, Format: s.info.Format,
		Queues: []queueView{}, Batches: []any{}, Ended: s.ended, Failed: s.failed, Orphans: []any{},
	}
	for _, q := range s.queues {
		counts := map[string]int64{}
		for _, state := range store.AllStates() {
			counts[state.String()] = q.counts[state]
		}
		v.Queues = append(v.Queues, queueView{
			Name: q.Name, Paused: q.Paused, PausedSince: timeOrNil(q.Since), Reason: q.Reason,
			Counts: counts, OldestReady: timeOrNil(q.oldest),
		})
	}
	for i := range s.batches {
		v.Batches = append(v.Batches, viewBatch(&s.batches[i]))
	}
	for i := range s.orphans {
		v.Orphans = append(v.Orphans, s.orphans[i].ID)
	}
	return v
}

func (a *app) printStatus(s *status) error {
	a.printf("%s  no app works on it  %s, format %d\n",
		a.paint(text.Colors{text.Bold}, clean(s.info.Path)), size(s.info.Size), s.info.Format)
	if len(s.queues) == 0 && len(s.batches) == 0 && s.ended == 0 {
		a.printf("no jobs\n")
	}
	if err := a.printQueues(s.queues); err != nil {
		return err
	}
	if err := a.printOpenBatches(s); err != nil {
		return err
	}
	return a.printOrphans(s.orphans)
}

func (a *app) printQueues(queues []queueStatus) error {
	if len(queues) == 0 {
		return nil
	}
	columns := []column{{name: "QUEUE", flex: true}, {name: "STATE"}}
	shown := []struct {
		title string
		state store.State
	}{
		{"READY", store.Available}, {"RUNNING", store.Running}, {"SCHEDULED", store.Scheduled}, {"RETRY", store.Retryable},
		{"HELD", store.Pending}, {"DEAD", store.Discarded}, {"DONE", store.Completed},
	}
	for _, s := range shown {
		columns = append(columns, column{name: s.title, right: true})
	}
	columns = append(columns, column{name: "OLDEST"})
	rows := make([][]string, len(queues))
	for i, q := range queues {
		state := "open"
		if q.Paused {
			state = a.paint(text.Colors{text.FgYellow}, "paused")
		}
		rows[i] = []string{clean(q.Name), state}
		for _, s := range shown {
			rows[i] = append(rows[i], number(q.counts[s.state]))
		}
		rows[i] = append(rows[i], a.when(q.oldest))
	}
	a.printf("\n")
	if err := newTable(a, columns).write(rows); err != nil {
		return err
	}
	for _, q := range queues {
		if q.Paused {
			a.printf("! %s is paused (%s)%s\n", clean(q.Name), a.when(q.Since), quoted(q.Reason))
		}
	}
	return nil
}

func (a *app) printOpenBatches(s *status) error {
	if len(s.batches) > 0 {
		rows := make([][]string, len(s.batches))
		for i := range s.batches {
			rows[i] = a.batchRow(&s.batches[i])
		}
		columns := append([]column{}, batchColumns...)
		columns[0].name = "BATCH"
		a.printf("\n")
		if err := newTable(a, columns).write(rows); err != nil {
			return err
		}
	}
	if s.ended > 0 {
		a.printf("\n%s ended, %s with failures: bgq batches list\n", plurals(int64(s.ended), "batch", "batches"), number(int64(s.failed)))
	}
	return nil
}

func (a *app) printOrphans(orphans []store.Job) error {
	if len(orphans) == 0 {
		return nil
	}
	a.printf("\n! the process that ran these jobs has died; they run again when the app starts\n")
	columns := []column{{name: "ID"}, {name: "KIND", flex: true}, {name: "QUEUE", flex: true}, {name: "TRY", right: true}, {name: "STARTED"}}
	return newTable(a, columns).write(rowsOf(orphans, func(j *store.Job) []string {
		return []string{j.ID.String(), clean(j.Kind), clean(j.Queue), tries(j), a.when(j.AttemptedAt)}
	}))
}

// quoted is a reason in the words of who gave it, or nothing.
func quoted(reason string) string {
	if reason == "" {
		return ""
	}
	return fmt.Sprintf(": %q", clean(reason))
}
