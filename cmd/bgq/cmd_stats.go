package main

import (
	"cmp"
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

func newStatsCommand(a *app) *cobra.Command {
	window := span(time.Hour)
	var by string
	var every time.Duration
	c := &cobra.Command{
		Use:   "stats",
		Short: "Show how much was done in a window of time, and how long it took",
		Long: `Show what happened in a window of time up to now: how many jobs came, how many attempts
ended well or not, how long jobs waited and ran. FAILED attempts are tried again, DEAD ones
are not. Times are right to about 20 %. The file keeps minutes for a day or so, then hours.`,
		Example: `  bgq stats --window 24h --by kind
  bgq stats --by queue -w`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, args []string) error {
			if window <= 0 {
				return usage("for example --window 24h", "--window must be longer than nothing")
			}
			return a.watch(c.Context(), every, func(ctx context.Context) error { return a.stats(ctx, time.Duration(window), by) })
		},
	}
	c.Flags().Var(&window, "window", "from this `long` ago until now, like 15m, 24h or 7d")
	c.Flags().Var(newChoice(&by, "kind", "queue"), "by", "a line for each of them")
	watchFlag(c, &every)
	return c
}

var flowColumns = []column{
	{name: "ENQUEUED", right: true}, {name: "STARTED", right: true, wide: true}, {name: "COMPLETED", right: true}, {name: "FAILED", right: true}, {name: "DEAD", right: true},
	{name: "CANCELLED", right: true, wide: true}, {name: "WAIT P50", right: true}, {name: "P95", right: true}, {name: "P99", right: true, wide: true},
	{name: "RUN P50", right: true}, {name: "P95", right: true}, {name: "P99", right: true, wide: true},
}

func flowRow(f *wire.Flow) []string {
	return []string{
		number(f.Enqueued), number(f.Started), number(f.Completed), number(f.Failed), number(f.Discarded), number(f.Cancelled),
		millis(f.WaitP50MS), millis(f.WaitP95MS), millis(f.WaitP99MS), millis(f.RunP50MS), millis(f.RunP95MS), millis(f.RunP99MS),
	}
}

func (a *app) stats(ctx context.Context, window time.Duration, by string) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	s, err := api.Stats(ctx, window, by, 0)
	if err != nil {
		return err
	}
	var names []string
	for _, g := range s.Groups {
		names = append(names, cmp.Or(g.Kind, g.Queue))
	}
	return a.print(s, func() error {
		title := column{name: "WINDOW"}
		rows := [][]string{append([]string{"last " + lasting(window)}, flowRow(&s.Total)...)}
		if by != "" {
			title = column{name: map[string]string{"kind": "KIND", "queue": "QUEUE"}[by], flex: true}
			rows[0][0] = "all"
			for i := range s.Groups {
				rows = append(rows, append([]string{clean(names[i])}, flowRow(&s.Groups[i].Flow)...))
			}
		}
		return newTable(a, append([]column{title}, flowColumns...)).write(rows)
	}, names...)
}
