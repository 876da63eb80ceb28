package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

func newTailCommand(a *app) *cobra.Command {
	var filterText string
	c := &cobra.Command{
		Use:   "tail [FILTER...]",
		Short: "Print what happens to jobs, as it happens",
		Long: `Print every change of state as it happens, from now on, until Ctrl-C: the time, the job, the states
before and after, kind, queue and attempt. A filter may name id, state, kind, queue and batch; the state
is the one after the change.

It is the app that tells, so nothing is printed while none runs. When the app ends tail waits for
the next one and goes on; where that app cannot tell what was in between, "gap" says so.
With -o json or jsonl each event is a line.`,
		Example: `  bgq tail
  bgq tail state:failed queue:mail
  bgq tail kind:resize -o jsonl | jq -r 'select(.to == "discarded") | .job'`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			q, err := a.filterText(append(args, filterText)...)
			if err != nil {
				return err
			}
			return a.tail(c.Context(), q)
		},
	}
	filterFlag(c, &filterText, "only these jobs")
	return c
}

// tailer follows the events of one app after the other.
type tailer struct {
	app   *app
	api   *client.Client
	out   *list[*wire.Event]
	after string // the event that was printed last; "": from now on
	told  bool   // that an app is waited for
}

// tail prints events until ctx ends.
func (a *app) tail(ctx context.Context, filter string) error {
	if a.format == formatJSON { // an array would never end
		a.format = formatJSONL
	}
	api, err := a.api()
	if err != nil {
		return err
	}
	if a.target != nil {
		if err := a.exists(); err != nil {
			return err
		}
	}
	t := &tailer{app: a, api: api, out: newList(a, nil, nil, func(e *wire.Event) string { return e.Job.String() })}
	if err := t.out.check(); err != nil {
		return err
	}
	for first := true; ; first = false {
		err := t.follow(ctx, filter)
		switch {
		case ctx.Err() != nil:
			return leave(exitInterrupted)
		case err != nil && !t.passing(err, first):
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookAgain):
		}
	}
}

// passing tells whether the next try may succeed. At first, an address that nobody answers at is a mistake.
func (t *tailer) passing(err error, first bool) bool {
	switch {
	case isProblem(err, wire.CodeClosed, wire.CodeNotLive):
		return true
	case t.app.target == nil:
		return !first && (unreachable(err) || hungUp(err))
	}
	return hungUp(err) || passing(err)
}

// follow prints the events of the app that runs, until it ends. It is an error if none does, but for a file.
func (t *tailer) follow(ctx context.Context, filter string) error {
	live, err := t.app.isLive(ctx)
	if err != nil {
		return err
	}
	if !live {
		t.wait()
		return nil
	}
	for e, err := range t.api.Events(ctx, filter, t.after) {
		if err != nil {
			if hungUp(err) && ctx.Err() == nil {
				t.lost()
			}
			return err
		}
		t.told = false
		if e.ID != "" {
			t.after = e.ID
		}
		if err := t.print(e); err != nil {
			return err
		}
	}
	return nil
}

// unknownPlace is in no feed: whoever goes on there is told of a gap.
const unknownPlace = "lost"

// lost lets the next app tell that there is a gap, even if no event has come from the last one.
func (t *tailer) lost() {
	if t.after == "" {
		t.after = unknownPlace
	}
	t.wait()
}

// wait says once that an app is waited for.
func (t *tailer) wait() {
	if !t.told {
		t.app.say("no app runs: waiting for one")
		t.told = true
	}
}

// print writes an event.
func (t *tailer) print(e *wire.Event) error {
	switch {
	case t.app.format.structured():
		return t.out.add(e)
	case e.Type == wire.EventGap:
		t.app.say("-- gap: events were lost --")
		return nil
	case t.app.format == formatName:
		if e.Job.IsZero() {
			return nil
		}
		return t.out.add(e)
	}
	t.app.printf("%s\n", t.line(e))
	return t.app.printErr
}

// line is an event for people.
func (t *tailer) line(e *wire.Event) string {
	a := t.app
	at := e.At.Local().Format("15:04:05.000")
	if a.times != timesRelative {
		at = a.absolute(e.At, ".000")
	}
	at = a.paint(text.Colors{text.Faint}, at)
	if e.Type != wire.EventJob {
		return fmt.Sprintf("%s  queue %s: its settings were changed", at, clean(e.Queue))
	}
	from, to := e.From, e.To
	if from == "" {
		from = "new"
	}
	const widest = len("available")
	move := fmt.Sprintf("%-*s → %s%*s", widest, clean(from), t.state(to), max(0, widest-len(to)), "")
	s := fmt.Sprintf("%s  %s  %s  %s  %s", at, e.Job, move, clean(e.Kind), clean(e.Queue))
	if e.Attempt > 0 {
		s += fmt.Sprintf("  #%d", e.Attempt)
	}
	if e.Batch != "" {
		s += fmt.Sprintf("  %s %d", clean(e.Batch), e.Index)
	}
	return s
}

// state is the name of the state after an event.
func (t *tailer) state(name string) string {
	if name == "" {
		return "deleted"
	}
	for _, s := range store.AllStates() {
		if s.String() == name {
			return t.app.state(s)
		}
	}
	return clean(name)
}
