package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/store"
)

func newJobsShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID...",
		Short: "Show all that is known of jobs",
		Long: `Show all that is known of jobs: arguments, result, and every failure with its causes
and stack. With -o json one job is an object, several are an array.`,
		Example: `  bgq jobs show 01JD8Q3Z5M9XKX2T4V6W8Y0ABC
  bgq jobs show 01JD8Q3Z5M9XKX2T4V6W8Y0ABC -o json | jq .failures`,
		Args: arguments(1, -1, "a job id"),
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			jobs, err := a.getJobs(c.Context(), ids, viewParts)
			if err != nil {
				return err
			}
			return a.showJobs(jobs)
		},
	}
}

func (a *app) showJobs(jobs []*store.Job) error {
	if a.format == formatTable {
		for i, j := range jobs {
			if i > 0 {
				a.printf("\n")
			}
			a.showJob(j)
		}
		return nil
	}
	views := make([]any, len(jobs))
	for i, j := range jobs {
		views[i] = viewJob(j)
	}
	if a.format == formatJSON && len(views) > 1 {
		return a.printJSON(views)
	}
	for _, v := range views {
		if err := a.printJSON(v); err != nil {
			return err
		}
	}
	return nil
}

// showJob prints a job for people: what is not there is left out.
func (a *app) showJob(j *store.Job) {
	var pairs [][2]string
	add := func(name, value string) {
		if value != "" {
			pairs = append(pairs, [2]string{name, value})
		}
	}
	at := func(name string, t time.Time) {
		if !t.IsZero() {
			add(name, a.exactly(t))
		}
	}
	add("id", j.ID.String())
	state := a.state(j.State)
	if j.Reason != "" {
		state += " (" + clean(j.Reason) + ")"
	}
	if j.Suspect {
		state += ", runs alone: it was running when its process died"
	}
	add("state", state)
	add("kind", clean(j.Kind))
	add("queue", clean(j.Queue))
	if j.Batch != "" {
		add("batch", fmt.Sprintf("%s, index %d", clean(j.Batch), j.Index))
	}
	if j.Priority != 0 {
		add("priority", strconv.Itoa(int(j.Priority)))
	}
	add("attempts", fmt.Sprintf("%d of %d", j.Attempt, j.MaxAttempts))
	if j.Recoveries > 0 {
		add("recoveries", fmt.Sprintf("%d of %d", j.Recoveries, j.MaxRecoveries))
	}
	at("created", j.CreatedAt)
	if !j.State.Final() {
		at("run at", j.RunAt)
	}
	at("attempted", j.AttemptedAt)
	at("finalised", j.FinalisedAt)
	if j.Timeout > 0 {
		add("timeout", j.Timeout.String())
	}
	add("unique", clean(j.Unique))
	add("tags", clean(strings.Join(j.Tags, ", ")))
	add("progress", progress(j.Progress))
	if j.Args != nil {
		add("args", showValue(j.Args))
	}
	if j.Result != nil {
		add("result", showValue(j.Result))
	}
	a.facts("", pairs...)
	for i := range j.Failures {
		a.showFailure(&j.Failures[i])
	}
}

func (a *app) showFailure(f *store.Failure) {
	a.printf("\nattempt %d: %s, %s\n", f.Attempt, f.Kind, a.exactly(f.At))
	a.printf("  %s\n", indent(cleanLines(f.Message), "  "))
	for i, c := range f.Chain {
		label := "caused by"
		if i == 0 {
			label = "type"
		}
		line := clean(c.Type)
		if c.Message != f.Message {
			line += ": " + clean(c.Message)
		}
		a.printf("  %s %s\n", label, line)
	}
	if f.Output != "" {
		a.printf("  output:\n    %s\n", indent(cleanLines(strings.TrimRight(f.Output, "\n")), "    "))
	}
	if f.Stack != "" {
		a.printf("  stack:\n    %s\n", indent(cleanLines(strings.TrimRight(f.Stack, "\n")), "    "))
	}
}

func indent(s, by string) string { return strings.ReplaceAll(s, "\n", "\n"+by) }

// exactly writes a time in full, and how far away it is.
func (a *app) exactly(t time.Time) string {
	iso := t.UTC().Format(time.RFC3339)
	if a.times == timesISO {
		return iso
	}
	return iso + " (" + a.when(t) + ")"
}

func progress(p store.Progress) string {
	if p == (store.Progress{}) {
		return ""
	}
	s := number(p.Done)
	if p.Total > 0 {
		s += " of " + number(p.Total)
	}
	if p.Note != "" {
		s += ": " + clean(p.Note)
	}
	return s
}

// The bounds of a value in text: one line up to oneLine bytes, then several, and no
// more than shownValue; JSON output shows everything.
const (
	oneLine    = 100
	shownValue = 4000
)

func showValue(v store.Value) string {
	compact := valueJSON(v)
	if len(compact) <= oneLine {
		return clean(string(compact))
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		return clean(string(compact))
	}
	s := b.String()
	if len(s) <= shownValue {
		return cleanLines(s)
	}
	return cleanLines(strings.ToValidUTF8(s[:shownValue], "")) + "…\n(" + size(int64(len(s))) + " in all: -o json shows it whole)"
}
