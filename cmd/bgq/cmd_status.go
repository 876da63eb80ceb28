package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newStatusCommand(a *app) *cobra.Command {
	var every time.Duration
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the app, its queues and open batches on one screen",
		Long: `Show the app, its queues, what runs and the batches that are not done, on one screen.
READY are jobs that may run now, RUNNING those that run, with the number of workers if the
app serves the queue; SCHED wait for their time; FAILED wait for another attempt or have
failed for good. OLDEST is since when the first ready job waits. The
last column draws how many jobs have ended, three minutes a step.`,
		Example: `  bgq status -w
  bgq status -o json | jq .totals`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error { return a.watch(c.Context(), every, a.status) },
	}
	watchFlag(c, &every)
	return c
}

func (a *app) status(ctx context.Context) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	s, err := api.Status(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, q := range s.Queues {
		names = append(names, q.Name)
	}
	return a.print(s, func() error { return a.printStatus(s) }, names...)
}

func (a *app) printStatus(s *wire.Status) error {
	a.printf("%s  %s  %s\n", a.paint(text.Colors{text.Bold}, clean(s.Info.File.Path)), a.whoServes(&s.Info), describeFile(&s.Info.File))
	var jobs int64
	for _, n := range s.Totals {
		jobs += n
	}
	if jobs == 0 {
		a.printf("no jobs\n")
	}
	if len(s.Queues) > 0 {
		rows := make([][]string, len(s.Queues))
		for i, q := range s.Queues {
			rows[i] = a.queueRow(q)
		}
		a.printf("\n")
		if err := newTable(a, queueColumns).write(rows); err != nil {
			return err
		}
		a.sayStopped(s.Queues)
		a.saySlow(s.Queues, s.Info.Live)
	}
	if err := a.printOpenBatches(s); err != nil {
		return err
	}
	if err := a.printRunning(s); err != nil {
		return err
	}
	for _, o := range s.Operations {
		a.printf("\n%s: %s, %s of %s by %s\n", clean(o.ID), clean(o.Action), number(o.Done), plural(o.Total, "job"), by(o.By))
	}
	if h := &s.Hour; h.Started > 0 || h.Enqueued > 0 {
		a.printf("\n%s\n", a.wrap(fmt.Sprintf("last hour: %s enqueued, %s completed, %s failed for good, %s tried again; wait p95 %s, run p95 %s",
			number(h.Enqueued), number(h.Completed), number(h.Discarded), number(h.Failed), millis(h.WaitP95MS), millis(h.RunP95MS)), 0))
	}
	return nil
}

// whoServes tells who works on the queue.
func (a *app) whoServes(info *wire.Info) string {
	switch {
	case !info.Live && a.target != nil:
		return "no app runs"
	case !info.Live:
		return "no app works on it"
	}
	s := fmt.Sprintf("live (pid %d", info.PID)
	if info.Version != "" {
		s += ", bgq " + clean(info.Version)
	}
	if info.StartedAt != nil {
		s += ", up " + a.ago(*info.StartedAt)
	}
	return a.paint(text.Colors{text.FgGreen}, s+")")
}

func describeFile(f *wire.FileInfo) string {
	s := size(f.SizeBytes)
	if f.FreeBytes > 0 && f.SizeBytes > 0 {
		s += fmt.Sprintf(", %.0f %% free", float64(f.FreeBytes)/float64(f.SizeBytes)*100)
	}
	return s + fmt.Sprintf(", format %d", f.Format)
}

func (a *app) printOpenBatches(s *wire.Status) error {
	if len(s.Batches) > 0 {
		rows := make([][]string, len(s.Batches))
		for i, b := range s.Batches {
			rows[i] = a.batchRow(b)
		}
		columns := append([]column{}, batchColumns...)
		columns[0].name = "BATCH"
		a.printf("\n")
		if err := newTable(a, columns).write(rows); err != nil {
			return err
		}
	}
	if more := s.BatchesOpen - len(s.Batches); more > 0 {
		a.printf("… and %s\n", plurals(int64(more), "more batch", "more batches"))
	}
	if s.BatchesEnded > 0 {
		a.printf("\n%s ended, %s with failures: %s batches list\n",
			plurals(int64(s.BatchesEnded), "batch", "batches"), number(int64(s.BatchesFailed)), a.self())
	}
	return nil
}

// printRunning prints a few of the jobs that run, or that were running when their process died.
func (a *app) printRunning(s *wire.Status) error {
	if len(s.Running) == 0 {
		return nil
	}
	a.printf("\n")
	if !s.Info.Live {
		a.printf("! the process that ran these jobs has died; they run again when the app starts\n")
	}
	columns := []column{{name: "RUNNING"}, {name: "KIND", flex: true}, {name: "QUEUE", flex: true}, {name: "TRY", right: true}, {name: "STARTED"}, {name: "PROGRESS", flex: true}}
	rows := make([][]string, len(s.Running))
	for i, j := range s.Running {
		rows[i] = []string{j.ID.String(), clean(j.Kind), clean(j.Queue), tries(j), a.when(j.AttemptedAt), progress(j.Progress)}
	}
	return newTable(a, columns).write(rows)
}
