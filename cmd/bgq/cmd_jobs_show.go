package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

func newJobsShowCommand(a *app) *cobra.Command {
	var stack bool
	c := &cobra.Command{
		Use:   "show ID...",
		Short: "Show all that is known of jobs",
		Long: `Show all that is known of jobs: arguments, result, and every failure with its causes
and stack. With -o json one job is an object, several are an array.

--stack also shows what the goroutines of a running job are doing at this moment, which
only the app can tell.`,
		Example: `  bgq jobs show 01JD8Q3Z5M9XKX2T4V6W8Y0ABC
  bgq jobs show 01JD8Q3Z5M9XKX2T4V6W8Y0ABC --stack
  bgq jobs show 01JD8Q3Z5M9XKX2T4V6W8Y0ABC -o json | jq .failures`,
		Args: arguments(1, -1, "a job id"),
		RunE: func(c *cobra.Command, args []string) error {
			ids, err := parseIDs(args)
			if err != nil {
				return err
			}
			jobs, noStack, err := a.readJobs(c.Context(), ids, stack)
			if err == nil {
				err = a.showJobs(jobs)
			}
			return cmp.Or(err, noStack)
		},
	}
	c.Flags().BoolVar(&stack, "stack", false, "also the stacks of its goroutines, if it is running")
	return c
}

// shownJob is a job with what --stack adds.
type shownJob struct {
	*wire.Job
	Stack string `json:"stack,omitempty"`
}

// readJobs reads all of the jobs, or fails with the first that does not exist. noStack says why
// a stack cannot be shown.
func (a *app) readJobs(ctx context.Context, ids []store.ID, stack bool) (jobs []shownJob, noStack, err error) {
	api, err := a.api()
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		j, err := api.Job(ctx, id, client.JSON)
		if err != nil {
			return nil, nil, err
		}
		shown := shownJob{Job: j}
		if stack && j.State == store.Running {
			s, err := api.Stack(ctx, id)
			if err != nil {
				noStack = cmp.Or(noStack, err)
			} else {
				shown.Stack = s.Stack
			}
		} else if stack {
			a.say("job %s is %s: it has no goroutines", id, j.State)
		}
		jobs = append(jobs, shown)
	}
	return jobs, noStack, nil
}

func (a *app) showJobs(jobs []shownJob) error {
	switch {
	case a.format == formatName:
		for _, j := range jobs {
			a.printf("%s\n", j.ID)
		}
	case a.format == formatJSONL || a.format.structured() && len(jobs) == 1:
		for _, j := range jobs {
			if err := a.printValue(j); err != nil {
				return err
			}
		}
	case a.format.structured():
		return a.printValue(jobs)
	default:
		for i, j := range jobs {
			if i > 0 {
				a.printf("\n")
			}
			a.showJob(j)
		}
	}
	return nil
}

// factSheet collects names and values: what is not there is left out.
type factSheet struct {
	app   *app
	pairs [][2]string
}

func (f *factSheet) add(name, value string) {
	if value != "" {
		f.pairs = append(f.pairs, [2]string{name, value})
	}
}

func (f *factSheet) at(name string, t *time.Time) {
	if t != nil && !t.IsZero() {
		f.add(name, f.app.exactly(*t))
	}
}

func (f *factSheet) print() { f.app.facts("", f.pairs...) }

// showJob prints a job for people.
func (a *app) showJob(j shownJob) {
	f := factSheet{app: a}
	f.add("id", j.ID.String())
	f.add("state", a.describeState(j.Job))
	f.add("kind", clean(j.Kind))
	f.add("queue", clean(j.Queue))
	if j.Batch != nil {
		f.add("batch", fmt.Sprintf("%s, index %d", clean(*j.Batch), indexOf(j.Job)))
	}
	if j.Priority != 0 {
		f.add("priority", strconv.Itoa(int(j.Priority)))
	}
	f.add("attempts", fmt.Sprintf("%d of %d", j.Attempt, j.MaxAttempts))
	if j.Recoveries > 0 {
		f.add("recoveries", fmt.Sprintf("%d of %d", j.Recoveries, j.MaxRecoveries))
	}
	f.at("created", j.CreatedAt)
	if !j.State.Final() {
		f.at("run at", j.RunAt)
	}
	f.at("attempted", j.AttemptedAt)
	f.at("finalised", j.FinalisedAt)
	if j.TimeoutMS > 0 {
		f.add("timeout", (time.Duration(j.TimeoutMS) * time.Millisecond).String())
	}
	f.add("unique", clean(j.Unique))
	f.add("tags", clean(strings.Join(j.Tags, ", ")))
	f.add("trace", clean(j.Trace))
	f.add("progress", progress(j.Progress))
	f.add("args", showValue(j.Args))
	f.add("result", showValue(j.Result))
	f.print()
	for i := range j.Failures {
		a.showFailure(&j.Failures[i])
	}
	if j.Stack != "" {
		a.printf("\ngoroutines:\n  %s\n", indent(cleanLines(strings.TrimRight(j.Stack, "\n")), "  "))
	}
}

func (a *app) describeState(j *wire.Job) string {
	s := a.state(j.State)
	if j.Reason != "" {
		s += " (" + clean(j.Reason) + ")"
	}
	if j.Suspect {
		s += ", runs alone: it was running when its process died"
	}
	return s
}

func (a *app) showFailure(f *store.Failure) {
	a.printf("\nattempt %d: %s, %s\n", f.Attempt, clean(string(f.Kind)), a.exactly(f.At))
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

// The bounds of a value in text: one line up to oneLine bytes, then several, and no
// more than shownValue; JSON output shows everything.
const (
	oneLine    = 100
	shownValue = 4000
)

// showValue writes a value for people; nothing for null, which is also what is not there.
func showValue(v json.RawMessage) string {
	if len(v) == 0 || string(v) == "null" {
		return ""
	}
	if len(v) <= oneLine {
		return clean(string(asciiControls(v)))
	}
	var b bytes.Buffer
	if err := json.Indent(&b, asciiControls(v), "", "  "); err != nil {
		return clean(string(v))
	}
	s := b.String()
	if len(s) <= shownValue {
		return cleanLines(s)
	}
	return cleanLines(strings.ToValidUTF8(s[:shownValue], "")) + "…\n(" + size(int64(len(s))) + " in all: -o json shows it whole)"
}
