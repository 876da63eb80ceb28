package store

import (
	"testing"
	"time"
)

func TestMatch(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	second := time.Second
	job := Job{
		ID: ID{1}, Queue: "mail", Kind: "send", State: Retryable, Priority: -3,
		RunAt: noon.Add(time.Hour), CreatedAt: noon,
		Attempt: 2, Recoveries: 1, Reason: "flaky", Unique: "u1", Batch: "nov", Index: 7,
		Tags: []string{"acme", "urgent"},
		Failures: []Failure{
			{Message: "no such file"},
			{Message: "Connection TIMEOUT", Chain: []Cause{{Type: "*net.OpError"}, {Type: "inner"}}},
		},
	}
	mark := job.Failures[1].Fingerprint("send")
	for _, c := range []struct {
		name   string
		filter Filter
		want   bool
	}{
		{"zero", Filter{}, true},
		{"state", Filter{States: FailedStates}, true},
		{"other states", Filter{States: FinalStates}, false},
		{"id", Filter{IDs: []ID{{9}, {1}}}, true},
		{"other id", Filter{IDs: []ID{{9}}}, false},
		{"queue", Filter{Queues: []string{"img", "mail"}}, true},
		{"queue is not a prefix", Filter{Queues: []string{"mai", "maill"}}, false},
		{"kind", Filter{Kinds: []string{"send"}}, true},
		{"other kind", Filter{Kinds: []string{"Send"}}, false},
		{"batch", Filter{Batches: []string{"nov"}}, true},
		{"other batch", Filter{Batches: []string{"dec"}}, false},
		{"unique", Filter{Unique: []string{"u1"}}, true},
		{"other unique", Filter{Unique: []string{"u2"}}, false},
		{"reason", Filter{Reason: []string{"permanent", "flaky"}}, true},
		{"other reason", Filter{Reason: []string{"permanent"}}, false},
		{"one of the tags", Filter{Tags: []string{"lazy", "urgent"}}, true},
		{"none of the tags", Filter{Tags: []string{"lazy"}}, false},
		{"fields narrow", Filter{Queues: []string{"mail"}, Kinds: []string{"x"}}, false},
		{"fields agree", Filter{Queues: []string{"mail"}, Kinds: []string{"send"}, Tags: []string{"acme"}}, true},

		{"error in the message", Filter{Error: []string{"timeout"}}, true},
		{"error in the type", Filter{Error: []string{"OPERROR"}}, true},
		{"error in both", Filter{Error: []string{"conn", "operr"}}, true},
		{"not all errors", Filter{Error: []string{"timeout", "disk"}}, false},
		{"error of an earlier failure", Filter{Error: []string{"no such file"}}, false},
		{"type of an inner cause", Filter{Error: []string{"inner"}}, false},

		{"created at the lower bound", Filter{CreatedAfter: noon}, true},
		{"created before the lower bound", Filter{CreatedAfter: noon.Add(1)}, false},
		{"created at the upper bound", Filter{CreatedBefore: noon}, false},
		{"created below the upper bound", Filter{CreatedBefore: noon.Add(1)}, true},
		{"created between", Filter{CreatedAfter: noon.Add(-second), CreatedBefore: noon.Add(second)}, true},
		{"run", Filter{RunAfter: noon.Add(second)}, true},
		{"run too late", Filter{RunBefore: noon.Add(time.Hour)}, false},
		{"never finalised, open below", Filter{FinalisedBefore: noon.Add(1000 * time.Hour)}, false},
		{"never finalised, open above", Filter{FinalisedAfter: noon.Add(-1000 * time.Hour)}, false},

		{"attempts", Filter{Attempts: []Range{{2, 2}}}, true},
		{"attempts above", Filter{Attempts: []Range{{0, 1}}}, false},
		{"attempts below", Filter{Attempts: []Range{{3, 9}}}, false},
		{"attempts in every range", Filter{Attempts: []Range{{0, 2}, {2, 9}}}, true},
		{"attempts not in every range", Filter{Attempts: []Range{{0, 2}, {3, 9}}}, false},
		{"recoveries", Filter{Recoveries: []Range{{1, 1}}}, true},
		{"other recoveries", Filter{Recoveries: []Range{{2, 3}}}, false},
		{"priority", Filter{Priority: []Range{{-5, -1}}}, true},
		{"other priority", Filter{Priority: []Range{{0, 5}}}, false},
		{"index", Filter{Index: []Range{{7, 9}}}, true},
		{"other index", Filter{Index: []Range{{8, 9}}}, false},

		{"not", Filter{Not: []Filter{{Kinds: []string{"x"}}, {Queues: []string{"x"}}}}, true},
		{"one of not", Filter{Not: []Filter{{Kinds: []string{"x"}}, {Queues: []string{"mail"}}}}, false},
		{"not everything", Filter{Not: []Filter{{}}}, false},
		{"fingerprint of the latest", Filter{Fingerprints: []string{"0123456789ab", mark}}, true},
		{"fingerprint of an earlier failure", Filter{Fingerprints: []string{job.Failures[0].Fingerprint(job.Kind)}}, false},
		{"another fingerprint", Filter{Fingerprints: []string{"0123456789ab"}}, false},
		{"not the fingerprint", Filter{Not: []Filter{{Fingerprints: []string{mark}}}}, false},
		{"not the error", Filter{Not: []Filter{{Error: []string{"timeout"}}}}, false},
		{"not another error", Filter{Not: []Filter{{Error: []string{"disk"}}}}, true},
	} {
		if got := c.filter.Match(&job); got != c.want {
			t.Errorf("%s: Match is %v, want %v", c.name, got, c.want)
		}
	}
}

func TestMatchOfBareJob(t *testing.T) {
	bare := Job{ID: ID{1}, State: Available}
	for _, c := range []struct {
		name   string
		filter Filter
		want   bool
	}{
		{"zero", Filter{}, true},
		{"an index is that of a batch", Filter{Index: []Range{{0, 0}}}, false},
		{"no failure, no error", Filter{Error: []string{""}}, false},
		{"no failure, no fingerprint", Filter{Fingerprints: []string{(&Failure{}).Fingerprint("")}}, false},
		{"no tag", Filter{Tags: []string{""}}, false},
		{"no batch", Filter{Batches: []string{""}}, true},
		{"no time", Filter{RunAfter: time.Unix(0, 0)}, false},
		{"attempt 0", Filter{Attempts: []Range{{0, 0}}}, true},
	} {
		if got := c.filter.Match(&bare); got != c.want {
			t.Errorf("%s: Match is %v, want %v", c.name, got, c.want)
		}
	}
	// A failure without a chain has no type.
	failed := Job{Failures: []Failure{{Message: "m"}}}
	if f := (Filter{Error: []string{"M"}}); !f.Match(&failed) {
		t.Error("the message of a failure without a chain was not found")
	}
}

func TestNeedsFailures(t *testing.T) {
	for _, c := range []struct {
		filter Filter
		want   bool
	}{
		{Filter{}, false},
		{Filter{Reason: []string{"x"}, Not: []Filter{{Kinds: []string{"x"}}}}, false},
		{Filter{Error: []string{"x"}}, true},
		{Filter{Fingerprints: []string{"x"}}, true},
		{Filter{Not: []Filter{{Fingerprints: []string{"x"}}}}, true},
		{Filter{Not: []Filter{{}, {Error: []string{"x"}}}}, true},
	} {
		if got := c.filter.NeedsFailures(); got != c.want {
			t.Errorf("%+v: NeedsFailures is %v, want %v", c.filter, got, c.want)
		}
	}
}

func TestIn(t *testing.T) {
	for _, c := range []struct {
		ranges []Range
		v      int64
		want   bool
	}{
		{nil, 5, true},
		{[]Range{{5, 5}}, 5, true},
		{[]Range{{6, 4}}, 5, false},
		{[]Range{{1, 9}, {5, 7}}, 4, false},
		{[]Range{{-9, -1}}, -1, true},
	} {
		if got := In(c.ranges, c.v); got != c.want {
			t.Errorf("In(%v, %d) is %v, want %v", c.ranges, c.v, got, c.want)
		}
	}
}
