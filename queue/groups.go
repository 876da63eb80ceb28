package queue

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// ErrorGroup is the jobs that have failed for one cause: their latest failures have the same
// fingerprint.
type ErrorGroup struct {
	Fingerprint string // see [store.Failure.Fingerprint]; the filter language has fingerprint: for it
	// Kind is of the jobs, the others are of their latest failures.
	Kind        string
	FailureKind store.FailureKind
	Type        string
	Pattern     string
	// Sample is the message of the newest of the failures, up to 2 KiB of it, and ExampleJob the job that has it.
	Sample     string
	ExampleJob store.ID
	// Count is the number of jobs, Queues that by queue.
	Count  int64
	Queues map[string]int64
	// First and Last are the times of the oldest and of the newest of the failures.
	First, Last time.Time
}

// ErrorReport is what [Queue.Errors] has found.
type ErrorReport struct {
	// Groups has those of many jobs first.
	Groups []ErrorGroup
	// Scanned is the number of jobs that were looked at.
	Scanned int
	// Partial tells that a bound was reached: there are more jobs, and perhaps more groups.
	Partial bool
}

// ErrorLimits bounds [Queue.Errors].
type ErrorLimits struct {
	// Jobs is about how many jobs are looked at, at the most. 0 means 20,000.
	Jobs int
	// Until is when to stop, by the clock of the store. Zero: never.
	Until time.Time
}

// The bounds of Errors.
const (
	defaultErrorJobs = 20_000
	errorPage        = 200     // jobs that one read asks for: their failures can be large
	maxSample        = 2 << 10 // bytes of a message
)

// Errors groups the jobs that the filter selects by the cause of their latest failure. A filter
// without states means those that failed. It reads the states in turn, in each the newest first, until a
// limit is reached. Jobs without a failure are left out.
func (q *Queue) Errors(ctx context.Context, f store.Filter, limits ErrorLimits) (ErrorReport, error) {
	if f.States == 0 {
		f.States = store.FailedStates
	}
	if limits.Jobs <= 0 {
		limits.Jobs = defaultErrorJobs
	}
	g := grouping{byMark: map[string]*ErrorGroup{}, marks: map[cause]string{}}
	var listings []store.ListRequest
	for _, state := range f.States.List() {
		one := f
		one.States = store.SetOf(state)
		listings = append(listings, store.ListRequest{Filter: one, Limit: errorPage, Parts: store.PartFailures})
	}
	for len(listings) > 0 {
		if g.scanned >= limits.Jobs || !limits.Until.IsZero() && !q.store.Now().Before(limits.Until) {
			return g.result(true), nil
		}
		next := listings[0]
		listings = listings[1:]
		page, err := q.store.List(ctx, next)
		if err != nil {
			return ErrorReport{}, err
		}
		g.add(&page)
		if page.Next != "" {
			next.Cursor = page.Next
			listings = append(listings, next)
		}
	}
	return g.result(false), nil
}

// cause is what a fingerprint is made of.
type cause struct {
	kind, typ, message string
	failure            store.FailureKind
}

// grouping gathers jobs.
type grouping struct {
	byMark  map[string]*ErrorGroup
	marks   map[cause]string // fingerprints that are known: to find one takes a while
	scanned int
}

func (g *grouping) add(page *store.Page) {
	g.scanned += page.Scanned
	for i := range page.Jobs {
		if j := &page.Jobs[i]; len(j.Failures) > 0 {
			g.note(j, &j.Failures[len(j.Failures)-1])
		}
	}
}

func (g *grouping) note(j *store.Job, f *store.Failure) {
	mark := g.mark(j, f)
	t := g.byMark[mark]
	if t == nil {
		t = &ErrorGroup{
			Fingerprint: mark, Kind: j.Kind, FailureKind: f.Kind, Type: f.Type(), Pattern: f.Pattern(),
			Queues: map[string]int64{}, First: f.At,
		}
		g.byMark[mark] = t
	}
	t.Count++
	t.Queues[j.Queue]++
	if f.At.Before(t.First) {
		t.First = f.At
	}
	if t.ExampleJob.IsZero() || f.At.After(t.Last) {
		t.Last, t.ExampleJob, t.Sample = f.At, j.ID, sample(f.Message)
	}
}

// mark returns the fingerprint of a failure. Of short messages, of which many are the same, it
// remembers that of the last ones.
func (g *grouping) mark(j *store.Job, f *store.Failure) string {
	const most, short = 1000, 500
	if len(f.Message) > short {
		return f.Fingerprint(j.Kind)
	}
	c := cause{j.Kind, f.Type(), f.Message, f.Kind}
	mark, known := g.marks[c]
	if !known {
		if len(g.marks) == most {
			clear(g.marks)
		}
		mark = f.Fingerprint(j.Kind)
		g.marks[c] = mark
	}
	return mark
}

func (g *grouping) result(partial bool) ErrorReport {
	r := ErrorReport{Scanned: g.scanned, Partial: partial}
	for _, group := range g.byMark {
		r.Groups = append(r.Groups, *group)
	}
	slices.SortFunc(r.Groups, func(a, b ErrorGroup) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), b.Last.Compare(a.Last), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return r
}

// sample cuts a long message.
func sample(message string) string {
	if len(message) <= maxSample {
		return message
	}
	return strings.ToValidUTF8(message[:maxSample], "") + "…"
}
