package filter

import (
	"slices"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// FieldDoc describes a field of the language to people and to completion.
type FieldDoc struct {
	Name      string
	Operators []string // the usual one first
	Values    []string // the values there are, if they are few; nil otherwise
	Example   string   // a whole term
	Meaning   string   // one line
}

// Fields lists the fields in the order in which [Format] writes them. The caller
// may change what it gets.
func Fields() []FieldDoc {
	docs := make([]FieldDoc, len(fields))
	for i, fd := range fields {
		docs[i] = fd.FieldDoc
		docs[i].Operators = slices.Clone(fd.Operators)
		docs[i].Values = slices.Clone(fd.Values)
	}
	return docs
}

// field is one row of the language: how it is described, and how it is read and written.
type field struct {
	FieldDoc
	syntax syntax
}

// syntax ties the terms of a field to the part of a store.Filter that holds them.
type syntax interface {
	// read narrows f by a term whose operator is one of the field's, and whose
	// values are not missing.
	read(t *term, f *store.Filter, now time.Time) error
	// write returns the terms that say what f holds, each without the name of the field.
	write(f *store.Filter) []string
}

var (
	among   = []string{":"}
	compare = []string{">", ">=", "<", "<="}
	count   = []string{":", "=", ">", ">=", "<", "<="}
)

var fields = []field{
	{FieldDoc{"id", among, nil, "id:01JD8Q3Z5M9XKX2T4V6W8Y0ABC", "the id of the job; the bare id will do"}, ids{}},
	{FieldDoc{"state", among, stateNames(), "state:failed", "the state; failed is retryable,discarded, dead is discarded, finalised is the last three"}, states{}},
	{FieldDoc{"kind", among, nil, "kind:resize", "the kind, as registered"},
		texts(func(f *store.Filter) *[]string { return &f.Kinds })},
	{FieldDoc{"queue", among, nil, "queue:img,mail", "the queue"},
		texts(func(f *store.Filter) *[]string { return &f.Queues })},
	{FieldDoc{"batch", among, nil, "batch:nov", `the batch; batch:"" for none`},
		texts(func(f *store.Filter) *[]string { return &f.Batches })},
	{FieldDoc{"index", count, nil, "index:0..99", "the place in the batch, from 0"},
		numbers(func(f *store.Filter) *[]store.Range { return &f.Index })},
	{FieldDoc{"tag", among, nil, "tag:acme", "one of the tags"},
		texts(func(f *store.Filter) *[]string { return &f.Tags })},
	{FieldDoc{"unique", among, nil, "unique:invoice-7", `the unique key; unique:"" for none`},
		texts(func(f *store.Filter) *[]string { return &f.Unique })},
	{FieldDoc{"reason", among, nil, "reason:crash_loop", `why the job is in its state; reason:"" for no special reason`},
		texts(func(f *store.Filter) *[]string { return &f.Reason })},
	{FieldDoc{"error", []string{"~", ":"}, nil, `error~"timed out"`, "part of the message or the type of the latest failure, in any case; repeat it to ask for several"}, failure{}},
	{FieldDoc{"fingerprint", among, nil, "fingerprint:8c7eca56eb16", "the fingerprint of the latest failure: the same for all jobs that failed for the same cause"}, fingerprints{}},
	{FieldDoc{"age", compare, nil, "age>1h", "how long ago the job was created, in w d h m s"}, age{}},
	{FieldDoc{"created", compare, nil, "created>=2026-11-01", "when the job was created: RFC 3339, a date, or how long ago"}, created},
	{FieldDoc{"run_at", compare, nil, "run_at<+1h", "when the job may run: RFC 3339, a date, how long ago, or + how long from now"},
		times(func(f *store.Filter) (after, before *time.Time) { return &f.RunAfter, &f.RunBefore })},
	{FieldDoc{"finalised", compare, nil, "finalised>2d", "when the job ended: RFC 3339, a date, or how long ago"},
		times(func(f *store.Filter) (after, before *time.Time) { return &f.FinalisedAfter, &f.FinalisedBefore })},
	{FieldDoc{"attempts", count, nil, "attempts>=3", "the attempts so far, the running one included"},
		numbers(func(f *store.Filter) *[]store.Range { return &f.Attempts })},
	{FieldDoc{"recoveries", count, nil, "recoveries>0", "the crashes held against the job"},
		numbers(func(f *store.Filter) *[]store.Range { return &f.Recoveries })},
	{FieldDoc{"priority", count, nil, "priority:-5..5", "the priority; the smaller number runs first"},
		numbers(func(f *store.Filter) *[]store.Range { return &f.Priority })},
}

// fieldNamed returns nil for a name that no field has.
func fieldNamed(name string) *field {
	if i := slices.IndexFunc(fields, func(fd field) bool { return fd.Name == name }); i >= 0 {
		return &fields[i]
	}
	return nil
}

func fieldNames() []string {
	names := make([]string, len(fields))
	for i, fd := range fields {
		names[i] = fd.Name
	}
	return names
}
