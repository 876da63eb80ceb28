package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/store"
)

func newJobsLogsCommand(a *app) *cobra.Command {
	var o logOptions
	c := &cobra.Command{
		Use:     "logs ID",
		Aliases: []string{"log"},
		Short:   "Print what the handler of a job has logged",
		Long: `Print the lines that the handler of a job has written to the log of the job, with the
attempt and the level of each. With -f new lines are printed as they come, until the job
has ended, also across restarts of the app.`,
		Example: `  bgq jobs logs 01JD8Q3Z5M9XKX2T4V6W8Y0ABC -n 20
  bgq jobs logs 01JD8Q3Z5M9XKX2T4V6W8Y0ABC -f --attempt 2`,
		Args: arguments(1, 1, "one job id"),
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := parseIDs(args)
			switch {
			case err != nil:
				return err
			case c.Flags().Changed("lines") && o.last < 1:
				return usage("leave -n out for all lines", "-n is %d: give 1 or more", o.last)
			case c.Flags().Changed("attempt") && o.attempt < 1:
				return usage("attempts are counted from 1", "--attempt is %d", o.attempt)
			}
			return a.printLogs(c.Context(), ids[0], o)
		},
	}
	c.Flags().BoolVarP(&o.follow, "follow", "f", false, "go on until the job has ended")
	c.Flags().IntVarP(&o.last, "lines", "n", 0, "only the last `N` lines that are there")
	c.Flags().IntVar(&o.attempt, "attempt", 0, "only the lines of this `attempt`")
	return c
}

type logOptions struct {
	follow  bool
	last    int
	attempt int
}

func (a *app) printLogs(ctx context.Context, id store.ID, o logOptions) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	out := logPrinter{list: newList[store.LogLine](a, logColumns, nil, nil), app: a}
	if err := out.check(); err != nil {
		return err
	}
	var kept []store.LogLine // the last lines, until all that are there have been seen
	for after, wait, told := int64(0), time.Duration(0), false; ; {
		page, err := api.Logs(ctx, id, after, 0, wait)
		if ctx.Err() != nil {
			return a.interrupted()
		}
		if err != nil && !(wait > 0 && passing(err)) {
			return err
		}
		if err == nil {
			after = page.Next
			for _, line := range page.Lines {
				if o.attempt > 0 && line.Attempt != o.attempt {
					continue
				}
				if kept = append(kept, line); o.last > 0 && len(kept) > o.last {
					kept = kept[1:]
				}
			}
			if page.More && o.last > 0 {
				continue
			}
			if err := out.write(kept); err != nil {
				return err
			}
			kept, o.last = nil, 0
			switch {
			case page.More:
				continue
			case !o.follow || page.State.Final():
				return out.end()
			}
		}
		wait = longPoll
		if live, err := a.isLive(ctx); err != nil || !live {
			if !told {
				a.say("no app runs the job now: waiting for one")
				told = true
			}
			if err := a.hangUp(); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
			case <-time.After(lookAgain):
			}
		}
	}
}

var logColumns = []column{{name: "TIME"}, {name: "LEVEL"}, {name: "TEXT"}}

// logPrinter prints lines of a log: for people without a header, one after the other.
type logPrinter struct {
	*list[store.LogLine]
	app *app
}

func (p logPrinter) write(lines []store.LogLine) error {
	if p.app.format.structured() {
		return p.add(lines...)
	}
	for _, l := range lines {
		head := fmt.Sprintf("%s  #%d  %-5s  ", p.app.absolute(l.At, ".000"), l.Attempt, clean(l.Level))
		p.app.printf("%s%s\n", head, indent(cleanLines(l.Text), fmt.Sprintf("%*s", len(head), "")))
	}
	return p.app.printErr
}
