package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

func newHistoryCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "history ID",
		Short: "Tell what happened to a job, and who did it",
		Long: `Tell what happened to a job, oldest first: its attempts and failures, and what people
asked for. That includes a job that somebody deleted, as long as the audit goes back.`,
		Example: `  bgq history 01JD8Q3Z5M9XKX2T4V6W8Y0ABC`,
		Args:    arguments(1, 1, "one job id"),
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			return a.history(c.Context(), ids[0])
		},
	}
}

func (a *app) history(ctx context.Context, id store.ID) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	h, err := api.History(ctx, id)
	if err != nil {
		return err
	}
	return a.print(h, func() error { return a.printHistory(h) }, h.ID.String())
}

func (a *app) printHistory(h *wire.History) error {
	if j := h.Job; j != nil {
		a.printf("job %s (kind %s, queue %s) is %s\n\n", h.ID, clean(j.Kind), clean(j.Queue), a.describeState(j))
	} else {
		a.printf("job %s is not there any more\n\n", h.ID)
	}
	rows := make([][]string, len(h.Events))
	for i, e := range h.Events {
		what := clean(e.What)
		if e.Attempt > 0 {
			what += fmt.Sprintf(" #%d", e.Attempt)
		}
		words := clean(e.Text)
		if e.By != nil {
			words = "by " + by(e.By) + quoted(e.Reason)
			if e.Text != "" {
				words += ", " + clean(e.Text)
			}
		} else if e.Reason != "" {
			words += " (" + clean(e.Reason) + ")"
		}
		rows[i] = []string{a.absolute(e.At, ".000"), what, words}
	}
	return newTable(a, []column{{name: "TIME"}, {name: "WHAT"}, {name: "HOW", flex: true}}).write(rows)
}
