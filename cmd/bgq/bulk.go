package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// bulk is a verb that changes jobs: those that are named, or all that a filter selects. Which jobs
// a filter selects is settled before anybody is asked; up to the number that the API
// names one by one, exactly those are changed, and nothing else.
type bulk struct {
	app    *app
	action string // retry
	done   string // retried
	final  bool   // it cannot be taken back: the question wants the number

	filter string
	expect int64
	limit  int64
	rate   rate
	reason string
	detach bool
	dryRun bool

	given func(flag string) bool
}

// command makes the command of a verb out of its words.
func (b *bulk) command(short, long, example string) *cobra.Command {
	c := &cobra.Command{
		Use:     b.action + " ID... | -f FILTER",
		Short:   short,
		Long:    long + bulkHelp,
		Example: example,
		Args: func(c *cobra.Command, args []string) error {
			switch byFilter := c.Flags().Changed("filter"); {
			case byFilter && len(args) > 0:
				return usage("usage: "+c.UseLine(), "give either ids or -f, not both")
			case byFilter && strings.TrimSpace(b.filter) == "":
				return usage("for example -f state:failed", "-f is empty, which would be every job")
			case !byFilter && len(args) == 0:
				return usage("usage: "+c.UseLine(), "%s needs a job id, or -f FILTER", c.CommandPath())
			case !byFilter && (b.given("limit") || b.given("expect")):
				return usage("leave them out", "--limit and --expect go with -f")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return b.named(c.Context(), args)
			}
			text, err := b.app.filterText(b.filter)
			if err != nil {
				return err
			}
			return b.selected(c.Context(), text)
		},
	}
	filterFlag(c, &b.filter, b.action+" all of these jobs")
	b.flags(c)
	return c
}

const bulkHelp = `

With -f all jobs that the filter selects are counted, a few are shown, and you are asked. They are
changed in chunks; Ctrl-C ends that after the chunk under way, and says how far it came.
Exit code 4: some were refused; 5: an id does not exist; 6: you said no; 12: --expect
did not hold.`

// flags adds the flags about how it is done.
func (b *bulk) flags(c *cobra.Command) {
	f := c.Flags()
	b.given = f.Changed
	f.Int64Var(&b.expect, "expect", -1, "refuse (exit code 12) unless there are exactly `N` jobs")
	f.Lookup("expect").DefValue = "0" // which help leaves out: -1 says nothing to anybody
	f.Int64Var(&b.limit, "limit", 0, "change no more than `N` jobs")
	f.Var(&b.rate, "rate", "change no more than so many jobs in a time, like `50/s`")
	f.StringVar(&b.reason, "reason", "", "why, for the `text` in the audit")
	f.BoolVar(&b.detach, "detach", false, "do not wait for the end: leave it to the app, and print the id of the operation")
	f.BoolVar(&b.dryRun, "dry-run", false, "only show what would be done")
}

// selected changes all jobs that the filter selects, after asking.
func (b *bulk) selected(ctx context.Context, text string) error {
	if err := b.check(ctx); err != nil {
		return err
	}
	api, err := b.app.api()
	if err != nil {
		return err
	}
	s, err := api.Selection(ctx, b.action, text, b.limit)
	if err != nil {
		return err
	}
	if b.expect >= 0 && s.Count != b.expect {
		return fail(exitRefused, "look again with --dry-run", "expected %s, found %s: nothing was changed", plural(b.expect, "job"), found(s))
	}
	switch {
	case b.dryRun:
		return b.app.print(plan{DryRun: true, Selection: s}, func() error {
			b.app.printf("%s\n", b.app.plan(s, b.done))
			return nil
		}, idsOf(s)...)
	case s.Count == 0:
		b.app.say("no job matches %s", s.Filter)
		return b.report(&changes{Action: b.action, Filter: s.Filter})
	case !b.app.yes:
		b.app.say("%s", b.app.plan(s, b.done))
		if err := b.ask(ctx, s); err != nil {
			return err
		}
	}
	n := wire.NewOperation{Action: b.action, Filter: s.Filter, IDs: s.IDs, Rate: float64(b.rate), Reason: b.reason}
	switch {
	case len(s.IDs) > 0 && s.ByState[store.Running.String()] > 0:
		n.Filter = "" // those that a dead process left running are recovered before they are changed
	case len(s.IDs) == 0:
		n.Limit = b.limit
		if !s.Partial && (!b.app.yes || b.expect >= 0) {
			n.Expect = &s.Count
		}
	}
	return b.operate(ctx, n)
}

// check refuses what cannot be, before anything is counted.
func (b *bulk) check(ctx context.Context) error {
	switch {
	case b.given("limit") && b.limit < 1:
		return usage("leave it out for all of them", "--limit is %d: give 1 or more", b.limit)
	case b.given("rate") && b.rate == 0:
		return usage("leave it out for as fast as it goes", "--rate is 0: nothing would ever be %s", b.done)
	case !b.detach || b.dryRun:
		return nil
	}
	live, err := b.app.isLive(ctx)
	if err == nil && !live {
		err = fail(exitRefused, "leave --detach out", "no app runs: there is nobody to leave it to")
	}
	return err
}

func (b *bulk) ask(ctx context.Context, s *wire.Selection) error {
	question := fmt.Sprintf("%s %s?", capital(strings.ReplaceAll(b.action, "-", " ")), plural(s.Count, "job"))
	if s.Partial {
		question = fmt.Sprintf("%s %s jobs or more?", capital(b.action), number(s.Count))
	}
	if b.final {
		return b.app.askNumber(ctx, question, s.Count)
	}
	return b.app.ask(ctx, question)
}

// rate is a flag for a number in a time: 50/s, 20/m, or 50 for as many in a second.
type rate float64

// Set implements [pflag.Value].
func (r *rate) Set(s string) error {
	text, unit, per := strings.Cut(s, "/")
	seconds, known := map[string]float64{"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600}[unit]
	if !per {
		seconds, known = 1, true
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !known || !(n >= 0 && n <= 1e9) {
		return fmt.Errorf("give a number of jobs in a time, like 50/s, 20/m or 1000/h")
	}
	*r = rate(n / seconds)
	return nil
}

// String implements [pflag.Value].
func (r *rate) String() string {
	if *r == 0 {
		return ""
	}
	return perSecond(float64(*r))
}

// Type implements [pflag.Value].
func (r *rate) Type() string { return "rate" }

// perSecond writes a rate in the unit in which it is a handy number.
func perSecond(r float64) string {
	switch {
	case r >= 1:
		return strconv.FormatFloat(r, 'g', 4, 64) + "/s"
	case r >= 1.0/60:
		return strconv.FormatFloat(r*60, 'g', 4, 64) + "/m"
	}
	return strconv.FormatFloat(r*3600, 'g', 4, 64) + "/h"
}
