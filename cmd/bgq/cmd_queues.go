package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue/filter"
	"github.com/bgq-dev/bgq/store"
)

func newQueuesCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "queues",
		Aliases: []string{"queue"},
		Short:   "List and show queues; pause and resume them, set their workers and rates",
		Example: `  bgq queues list -w
  bgq queues pause img --reason "disk full"
  bgq queues set mail --rate 5/s`,
	}
	c.AddCommand(newQueuesListCommand(a), newQueuesShowCommand(a), newQueuesPauseCommand(a), newQueuesResumeCommand(a), newQueuesSetCommand(a))
	return c
}

// queueColumns are the columns of a table of queues; FAILED are those that wait for another
// attempt and those that get none.
var queueColumns = []column{
	{name: "QUEUE", flex: true}, {name: "STATE"}, {name: "READY", right: true}, {name: "RUNNING", right: true},
	{name: "SCHED", right: true}, {name: "HELD", right: true, wide: true}, {name: "FAILED", right: true}, {name: "RETRY", right: true, wide: true}, {name: "DEAD", right: true, wide: true},
	{name: "COMPLETED", right: true, wide: true}, {name: "CANCELLED", right: true, wide: true}, {name: "WORKERS", right: true, wide: true},
	{name: "RATE", right: true, wide: true}, {name: "OLDEST"}, {name: "DONE/MIN", right: true}, {name: "LAST 30 MIN"},
}

func (a *app) queueRow(q *wire.Queue) []string {
	n := func(s store.State) int64 { return q.Counts[s.String()] }
	running := number(n(store.Running))
	if q.Served {
		running = number(int64(q.Busy)) + "/" + number(int64(q.WorkersLive))
	}
	points := 10
	if a.format == formatWide {
		points = 30
	}
	return []string{
		clean(q.Name), a.queueState(q), number(n(store.Available)), running,
		number(n(store.Scheduled)), number(n(store.Pending)), number(n(store.Retryable) + n(store.Discarded)), number(n(store.Retryable)), number(n(store.Discarded)),
		number(n(store.Completed)), number(n(store.Cancelled)), orDash(q.Workers > 0, strconv.Itoa(q.Workers)),
		orDash(q.Rate > 0, perSecond(q.Rate)), a.when(q.OldestAt), number(int64(q.DonePerMinute + 0.5)), sparkline(q.Recent, points),
	}
}

func orDash(there bool, s string) string {
	if !there {
		return "-"
	}
	return s
}

func (a *app) queueState(q *wire.Queue) string {
	switch {
	case q.Paused:
		return a.paint(text.Colors{text.FgYellow}, "paused")
	case q.Served:
		return a.paint(text.Colors{text.FgGreen}, "running")
	}
	return "open"
}

// sayStopped tells on stdout what people have stopped in the queues, and how to let it go on.
func (a *app) sayStopped(queues []*wire.Queue) {
	for _, q := range queues {
		if held := q.Counts[store.Pending.String()]; held > 0 {
			filter := filter.Format(store.Filter{States: store.SetOf(store.Pending), Queues: []string{q.Name}})
			a.warn("%s of %s held. Release: %s jobs release -f %s", plural(held, "job"), clean(q.Name)+isAre(held), a.self(), shellQuote(filter))
		}
		if !q.Paused {
			continue
		}
		since, who := "", ""
		if q.Since != nil {
			since = " for " + a.ago(*q.Since)
		}
		if q.PausedBy != nil {
			who = " by " + by(q.PausedBy)
		}
		a.warn("%s is paused%s%s%s. Resume: %s queues resume %s", clean(q.Name), since, who, quoted(q.Reason), a.self(), shellQuote(q.Name))
	}
}

// saySlow tells on stdout of queues in which jobs are ready and do not run, though nobody has stopped them.
func (a *app) saySlow(queues []*wire.Queue, live bool) {
	for _, q := range queues {
		ready := q.Counts[store.Available.String()]
		switch {
		case q.Paused || ready == 0:
		case live && !q.Served:
			a.warn("%s in %s: the app has no workers for this queue", waits(ready), clean(q.Name))
		case q.Rate > 0:
			a.warn("%s in %s, which starts at most %s. Lift: %s queues set %s --rate 0",
				waits(ready), clean(q.Name), perSecond(q.Rate), a.self(), shellQuote(q.Name))
		}
	}
}

// warn prints on stdout what somebody who looks at a status should know.
func (a *app) warn(format string, args ...any) {
	a.printf("%s\n", a.wrap("! "+fmt.Sprintf(format, args...), 0))
}

func waits(n int64) string { return plurals(n, "job waits", "jobs wait") }

func isAre(n int64) string {
	if n == 1 {
		return " is"
	}
	return " are"
}

// knownQueue refuses a queue that nothing is known of: its name has most likely been misspelt.
func (a *app) knownQueue(ctx context.Context, name string) error {
	api, err := a.api()
	if err != nil {
		return err
	}
	all, err := api.Queues(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, q := range all.Queues {
		if q.Name == name {
			return nil
		}
		names = append(names, clean(q.Name))
	}
	return fail(exitNotFound, didYouMean(similar(name, names), "bgq queues list shows the names; --new is for one that has had no job yet"),
		"queue %q: not found", name)
}
