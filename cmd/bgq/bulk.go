package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"maps"
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
		jobs, err := b.app.getJobs(ctx, ids, store.PartFailures)
		if err != nil {
			return err
		}
		var s selection
		for _, j := range jobs {
			s.add(j)
		}
		return b.printPlan(&s)
	}
	return b.change(ctx, ids)
}

// selected changes all jobs that the filter selects, after asking.
func (b *bulk) selected(ctx context.Context, f store.Filter) error {
	if f.States == 0 {
		f.States = b.narrow
	}
	var s selection
	err := b.app.read(ctx, func(q *queue.Queue) error {
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
	return b.change(ctx, s.ids)
}

func (b *bulk) checkCount(n int64) error {
	if b.expect < 0 || n == b.expect {
		return nil
	}
	return fail(exitRefused, "look again with --dry-run", "%s expected, but there are %s: nothing was changed", plural(b.expect, "job"), number(n))
}

// change applies the verb, a chunk a commit, and reports.
func (b *bulk) change(ctx context.Context, ids []store.ID) error {
	var sum store.Changed
	err := b.app.write(ctx, func(q *queue.Queue) error {
		for chunk := range slices.Chunk(ids, chunkSize) {
			c, err := b.apply(ctx, q, chunk)
			if err != nil {
				return err
			}
			sum.Done = append(sum.Done, c.Done...)
			sum.Refused = append(sum.Refused, c.Refused...)
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

// selection is what a filter selected.
type selection struct {
	ids    []store.ID
	kinds  map[string]int64
	states map[string]int64
	queues map[string]int64
	sample []*store.Job
}

func (s *selection) add(j *store.Job) {
	if s.ids == nil {
		s.kinds, s.states, s.queues = map[string]int64{}, map[string]int64{}, map[string]int64{}
	}
	s.ids = append(s.ids, j.ID)
	s.kinds[j.Kind]++
	s.states[j.State.String()]++
	s.queues[j.Queue]++
	if len(s.sample) < sampleSize {
		s.sample = append(s.sample, j)
	}
}

// readSample reads the failures of the sample.
func (s *selection) readSample(ctx context.Context, q *queue.Queue) error {
	if len(s.sample) == 0 {
		return nil
	}
	jobs, err := q.Store().Get(ctx, s.ids[:len(s.sample)], store.PartFailures)
	s.sample = pointers(jobs)
	return err
}

// plan says what would be done, and shows a few of the jobs.
func (b *bulk) plan(s *selection) string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s would be %s", plural(int64(len(s.ids)), "job"), b.done)
	if len(s.ids) > 0 {
		fmt.Fprintf(&w, ": %s; %s; %s", tally("", s.states), tally("kind ", s.kinds), tally("queue ", s.queues))
	}
	for _, j := range s.sample {
		fmt.Fprintf(&w, "\n  %s  %s  %s", j.ID, clean(j.Kind), tries(j))
		if f := lastFailure(j); f != nil {
			fmt.Fprintf(&w, "  %s", clean(f.Message))
		}
	}
	if more := len(s.ids) - len(s.sample); more > 0 {
		fmt.Fprintf(&w, "\n  … and %s more", number(int64(more)))
	}
	return w.String()
}

func (b *bulk) printPlan(s *selection) error {
	if b.app.format == formatTable {
		b.app.printf("%s\n", b.plan(s))
		return nil
	}
	return b.app.printJSON(struct {
		Action  string           `json:"action"`
		DryRun  bool             `json:"dry_run"`
		Count   int              `json:"count"`
		ByState map[string]int64 `json:"by_state"`
		ByKind  map[string]int64 `json:"by_kind"`
		ByQueue map[string]int64 `json:"by_queue"`
		Sample  []any            `json:"sample"`
	}{b.verb, true, len(s.ids), orEmpty(s.states), orEmpty(s.kinds), orEmpty(s.queues), viewJobs(s.sample)})
}

func viewJobs(jobs []*store.Job) []any {
	out := []any{}
	for _, j := range jobs {
		out = append(out, viewJob(j))
	}
	return out
}

func orEmpty(m map[string]int64) map[string]int64 {
	if m == nil {
		return map[string]int64{}
	}
	return m
}

// tallied is how many names a tally spells out.
const tallied = 3

// tally writes the largest counts with their names.
func tally(noun string, counts map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(counts), func(x, y string) int {
		return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x, y))
	})
	var parts []string
	for _, name := range names[:min(tallied, len(names))] {
		parts = append(parts, number(counts[name])+" "+clean(name))
	}
	if len(names) > tallied {
		parts = append(parts, fmt.Sprintf("%d others", len(names)-tallied))
	}
	return noun + strings.Join(parts, ", ")
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// ask asks a yes-or-no question on stderr. It fails with exit code 6 unless the answer is yes.
func (a *app) ask(ctx context.Context, question string) error {
	if !terminal(a.stdin) {
		return fail(exitDeclined, "give -y to go on without being asked", "this needs a yes, and nobody can be asked")
	}
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.stdin).ReadString('\n')
		answer <- line
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.stderr)
		return ctx.Err()
	case line := <-answer:
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return nil
		}
		return fail(exitDeclined, "", "nothing was changed")
	}
}
