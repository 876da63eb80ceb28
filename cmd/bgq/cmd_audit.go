package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

func newAuditCommand(a *app) *cobra.Command {
	var most int
	var all bool
	c := &cobra.Command{
		Use:   "audit [ID]",
		Short: "Show who changed what, newest first",
		Long: `Show what people asked for, newest first: all of it, or what was done to one job. What the
app does by itself is not in there. The chunks of a bulk operation are one line, and one entry
each with -o json.`,
		Example: `  bgq audit -n 20
  bgq audit 01JD8Q3Z5M9XKX2T4V6W8Y0ABC -o wide`,
		Args: arguments(0, 1, "no more than one job id"),
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := parseIDs(args)
			switch {
			case err != nil:
				return err
			case all && c.Flags().Changed("limit"):
				return usage("usage: "+c.UseLine(), "give either -n or --all, not both")
			case most < 1:
				return usage("--all shows every change", "-n is %d: give 1 or more", most)
			case all:
				most = 0
			}
			var job store.ID
			if len(ids) > 0 {
				job = ids[0]
			}
			return a.audit(c.Context(), job, most)
		},
	}
	c.Flags().IntVarP(&most, "limit", "n", 50, "at most `N` changes")
	c.Flags().BoolVar(&all, "all", false, "every change")
	return c
}

var auditColumns = []column{
	{name: "WHEN"}, {name: "BY", flex: true}, {name: "VERB"}, {name: "JOBS", right: true}, {name: "WHAT", flex: true},
	{name: "OPERATION", wide: true}, {name: "REASON", flex: true},
}

func (a *app) auditRow(e wire.AuditEntry) []string {
	var what []string
	switch {
	case e.Queue != "":
		what = append(what, "queue "+clean(e.Queue))
	case e.Batch != "":
		what = append(what, "batch "+clean(e.Batch))
	case e.Jobs == 1 && len(e.JobIDs) == 1:
		what = append(what, e.JobIDs[0].String())
	case e.Filter != "":
		what = append(what, clean(e.Filter))
	}
	if e.Detail != "" {
		what = append(what, clean(e.Detail))
	}
	return []string{
		a.when(&e.At), by(&e.By), clean(e.Verb), number(int64(e.Jobs)), strings.Join(what, ": "), clean(e.Operation), clean(e.Reason),
	}
}

// audit prints at most so many changes; 0 means all. For people the chunks of one operation are
// one change.
func (a *app) audit(ctx context.Context, job store.ID, most int) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	out := newList(a, auditColumns, a.auditRow, nil)
	if err := out.check(); err != nil {
		return err
	}
	var shown []wire.AuditEntry
	for before, more := uint64(0), true; more; {
		page, err := api.Audit(ctx, job, before, 500)
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			if n := len(shown); n > 0 && !a.format.structured() && e.Operation != "" && e.Operation == shown[n-1].Operation {
				shown[n-1].Jobs += e.Jobs
				continue
			}
			shown = append(shown, e)
		}
		before, more = page.Next, page.Next != 0
		switch enough := most > 0 && len(shown) > most; {
		case enough:
			shown, more = shown[:most], false
		case most > 0 && more: // the last one may go on
			continue
		}
		if err := out.add(shown...); err != nil {
			return err
		}
		shown = shown[:0]
	}
	if out.n == 0 {
		a.say("nobody has changed anything")
	}
	return out.end()
}
