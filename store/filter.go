package store

import (
	"slices"
	"strings"
	"time"
)

// Filter selects jobs. The zero value selects every one; each field narrows the
// selection. The values inside a field are alternatives, except for Error and the ranges,
// which must all hold. Package queue/filter parses and prints the language that
// people write it in.
type Filter struct {
	States  States // empty: any
	IDs     []ID
	Queues  []string
	Kinds   []string
	Batches []string
	Tags    []string
	Unique  []string

	// Error holds texts that must all occur in the message or the type of the
	// latest failure, whatever the case.
	Error []string
	// Reason holds alternatives for Job.Reason.
	Reason []string
	// Fingerprints holds alternatives for [Failure.Fingerprint] of the latest failure.
	Fingerprints []string

	// The bounds of times: After is inclusive, Before exclusive; zero is open.
	CreatedAfter, CreatedBefore     time.Time
	RunAfter, RunBefore             time.Time
	FinalisedAfter, FinalisedBefore time.Time

	Attempts   []Range
	Recoveries []Range
	Priority   []Range
	Index      []Range

	// Not holds filters of which none may match. They are not nested further.
	Not []Filter
}

// Range is an interval of integers, both ends included.
type Range struct{ Min, Max int64 }

// In tells whether v lies in every one of the ranges.
func In(ranges []Range, v int64) bool {
	for _, r := range ranges {
		if v < r.Min || v > r.Max {
			return false
		}
	}
	return true
}

// NeedsFailures tells whether Match reads the failures of a job.
func (f *Filter) NeedsFailures() bool {
	return len(f.Error) > 0 || len(f.Fingerprints) > 0 || slices.ContainsFunc(f.Not, func(n Filter) bool { return n.NeedsFailures() })
}

// Match tells whether the filter selects the job. If [Filter.NeedsFailures], the
// job must have been read with PartFailures.
func (f *Filter) Match(j *Job) bool {
	switch {
	case f.States != 0 && !f.States.Has(j.State),
		!anyOf(f.IDs, j.ID), !anyOf(f.Queues, j.Queue), !anyOf(f.Kinds, j.Kind),
		!anyOf(f.Batches, j.Batch), !anyOf(f.Unique, j.Unique), !anyOf(f.Reason, j.Reason),
		!within(j.CreatedAt, f.CreatedAfter, f.CreatedBefore),
		!within(j.RunAt, f.RunAfter, f.RunBefore),
		!within(j.FinalisedAt, f.FinalisedAfter, f.FinalisedBefore),
		!In(f.Attempts, int64(j.Attempt)), !In(f.Recoveries, int64(j.Recoveries)),
		!In(f.Priority, int64(j.Priority)), !In(f.Index, j.Index):
		return false
	}
	if len(f.Index) > 0 && j.Batch == "" {
		return false
	}
	if len(f.Tags) > 0 && !slices.ContainsFunc(f.Tags, func(t string) bool { return slices.Contains(j.Tags, t) }) {
		return false
	}
	if !f.matchError(j) || !f.matchFingerprint(j) {
		return false
	}
	return !slices.ContainsFunc(f.Not, func(n Filter) bool { return n.Match(j) })
}

func (f *Filter) matchError(j *Job) bool {
	if len(f.Error) == 0 {
		return true
	}
	if len(j.Failures) == 0 {
		return false
	}
	last := &j.Failures[len(j.Failures)-1]
	message, typ := strings.ToLower(last.Message), strings.ToLower(last.Type())
	for _, want := range f.Error {
		want = strings.ToLower(want)
		if !strings.Contains(message, want) && !strings.Contains(typ, want) {
			return false
		}
	}
	return true
}

func (f *Filter) matchFingerprint(j *Job) bool {
	if len(f.Fingerprints) == 0 {
		return true
	}
	return len(j.Failures) > 0 && slices.Contains(f.Fingerprints, j.Failures[len(j.Failures)-1].Fingerprint(j.Kind))
}

func anyOf[T comparable](alternatives []T, v T) bool {
	return len(alternatives) == 0 || slices.Contains(alternatives, v)
}

// within tells whether t lies in [after, before). A zero time lies in no bounded interval.
func within(t, after, before time.Time) bool {
	if after.IsZero() && before.IsZero() {
		return true
	}
	return !t.IsZero() && !t.Before(after) && (before.IsZero() || t.Before(before))
}
