package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// bulk is a verb that changes jobs: those that are named, or all that a filter
// selects. Which jobs a filter selects is settled before anybody is asked, and
// nothing else is changed afterwards.
type bulk struct {
	app  *app
	verb string // retry
	done string // retried
	// narrow is what a filter selects that names no state.
	narrow store.States
	apply  func(ctx context.Context, q *queue.Queue, ids []store.ID) (store.Changed, error)

	filter string
	expect int64
	dryRun bool
}

// The sizes of a bulk change: how many jobs one commit changes, and how many are
// shown before asking.
const (
	chunkSize  = 500
	sampleSize = 5
)

// flags adds what all bulk verbs have.
func (b *bulk) flags(c *cobra.Command) {
	filterFlag(c, &b.filter, b.verb+" all of these jobs")
	b.askFlags(c)
	c.Args = func(c *cobra.Command, args []string) error {
		switch byFilter := c.Flags().Changed("filter"); {
		case byFilter && len(args) > 0:
			return usage("usage: "+c.UseLine(), "give either ids or -f, not both")
		case byFilter && strings.TrimSpace(b.filter) == "":
			return usage("for example -f state:failed", "-f is empty, which would be every job")
		case !byFilter && len(args) == 0:
			return usage("usage: "+c.UseLine(), "%s needs a job id, or -f FILTER", c.CommandPath())
		}
		return nil
	}
}

// askFlags adds the flags about how much is changed.
func (b *bulk) askFlags(c *cobra.Command) {
	c.Flags().Int64Var(&b.expect, "expect", -1, "refuse (exit code 12) unless there are exactly `N` jobs")
	c.Flags().Lookup("expect").DefValue = "0" // which help leaves out: -1 says nothing to anybody
	c.Flags().BoolVar(&b.dryRun, "dry-run", false, "only show what would be done")
}

// run is the command: ids, or the filter of -f.
func (b *bulk) run(ctx context.Context, args []string) error {
	if b.filter == "" {
		ids, err := parseIDs(args)
		if err != nil {
			return err
		}
		return b.named(ctx, ids)
	}
	f, err := b.app.parseFilter(b.filter)
	if err != nil {
		return err
	}
	return b.selected(ctx, f)
}

// named changes the jobs with these ids. It does not ask: they were named one by one.
func (b *bulk) named(ctx context.Context, ids []store.ID) error {
	if err := b.checkCount(int64(len(ids))); err != nil {
		return err
	}
	if b.dryRun {
		jobs, err := b.app.getJobs(ctx, ids, viewParts)
		if err != nil {
			return err
		}
		var s selection
		for _, j := range jobs {
			s.add(j)
		}
		return b.printPlan(&s)
	}
	return b.change(ctx, ids, store.EveryState)
}

// selected changes all jobs that the filter selects, after asking.
func (b *bulk) selected(ctx context.Context, f store.Filter) error {
	if f.States == 0 {
		f.States = b.narrow
	}
	var s selection
	err := b.app.read(func(q *queue.Queue) error {
		if err := collect(ctx, q, f, store.HeadOnly, s.add); err != nil {
			return err
		}
		return s.readSample(ctx, q)
	})
	if err != nil {
		return err
	}
	n := int64(len(s.ids))
	if err := b.checkCount(n); err != nil {
		return err
	}
	switch {
	case b.dryRun:
		return b.printPlan(&s)
	case n == 0:
		b.app.say("no %s job matches", strings.ReplaceAll(f.States.String(), ",", " or "))
		return b.report(0, store.Changed{})
	case !b.app.yes:
		b.app.say("%s", b.plan(&s))
		question := fmt.Sprintf("%s %s?", capital(b.verb), plural(n, "job"))
		if err := b.app.ask(ctx, question); err != nil {
			return err
		}
	}
	return b.change(ctx, s.ids, f.States)
}

func (b *bulk) checkCount(n int64) error {
	if b.expect < 0 || n == b.expect {
		return nil
	}
	return fail(exitRefused, "look again with --dry-run", "expected %s, found %s: nothing was changed", plural(b.expect, "job"), number(n))
}

// change applies the verb to the jobs that are still in one of the states, a chunk a
// commit, and reports.
func (b *bulk) change(ctx context.Context, ids []store.ID, states store.States) error {
	var sum store.Changed
	if states.Has(store.Running) {
		states |= store.SetOf(store.Available) // opening for writing recovers what was running
	}
	err := b.app.write(ctx, func(q *queue.Queue) error {
		for chunk := range slices.Chunk(ids, chunkSize) {
			chunk, moved, err := stillIn(ctx, q, chunk, states)
			if err != nil {
				return err
			}
			c, err := b.apply(ctx, q, chunk)
			if err != nil {
				return err
			}
			sum.Done = append(sum.Done, c.Done...)
			sum.Refused = append(append(sum.Refused, c.Refused...), moved...)
			sum.Missing = append(sum.Missing, c.Missing...)
		}
		return nil
	})
	if err != nil && len(sum.Done) > 0 {
		b.app.say("%s of %s were %s before it failed; the same command goes on", number(int64(len(sum.Done))), plural(int64(len(ids)), "job"), b.done)
	}
	if err != nil {
		return err
	}
	return b.report(len(ids), sum)
}

// stillIn splits off the jobs that have left the states since they were selected.
func stillIn(ctx context.Context, q *queue.Queue, ids []store.ID, states store.States) ([]store.ID, []store.Refusal, error) {
	jobs, err := q.Store().Get(ctx, ids, store.HeadOnly)
	var moved []store.Refusal
	for i := range jobs {
		if j := &jobs[i]; !states.Has(j.State) {
			moved = append(moved, store.Refusal{ID: j.ID, State: j.State})
		}
	}
	left := slices.DeleteFunc(slices.Clone(ids), func(id store.ID) bool {
		return slices.ContainsFunc(moved, func(r store.Refusal) bool { return r.ID == id })
	})
	return left, moved, err
}

// report prints what was done, and returns the error for what was not.
func (b *bulk) report(asked int, sum store.Changed) error {
	if b.app.format == formatTable {
		b.app.printf("%s %s\n", b.done, plural(int64(len(sum.Done)), "job"))
	} else {
		type refusal struct {
			ID    store.ID    `json:"id"`
			State store.State `json:"state"`
		}
		view := struct {
			Action  string     `json:"action"`
			Asked   int        `json:"asked"`
			Done    int        `json:"done"`
			Refused []refusal  `json:"refused"`
			Missing []store.ID `json:"missing"`
		}{b.verb, asked, len(sum.Done), []refusal{}, append([]store.ID{}, sum.Missing...)}
		for _, r := range sum.Refused {
			view.Refused = append(view.Refused, refusal(r))
		}
		if err := b.app.printJSON(view); err != nil {
			return err
		}
	}
	switch {
	case len(sum.Missing) == 1:
		return fail(exitNotFound, "bgq jobs list shows the ids", "job %s: not found: it was never there, or was pruned or deleted", sum.Missing[0])
	case len(sum.Missing) > 1:
		return fail(exitNotFound, "bgq jobs list shows the ids", "%s do not exist, the first is %s", plural(int64(len(sum.Missing)), "job"), sum.Missing[0])
	case len(sum.Refused) == 1:
		r := sum.Refused[0]
		return fail(exitPartial, "bgq why "+r.ID.String()+" says what became of it", "job %s is %s: it cannot be %s", r.ID, r.State, b.done)
	case len(sum.Refused) > 1:
		r := sum.Refused[0]
		return fail(exitPartial, "", "%s could not be %s in their state, the first is %s, %s", plural(int64(len(sum.Refused)), "job"), b.done, r.ID, r.State)
	}
	return nil
}
