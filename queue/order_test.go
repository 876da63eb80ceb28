package queue_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// inEveryState makes a job in each state, by state.
func (f *fixture) inEveryState() map[store.State]store.ID {
	f.t.Helper()
	jobs := map[store.State]store.ID{
		store.Completed: f.attempt(queue.NewJob{Kind: "k"}, queue.Attempt{Verdict: queue.Succeeded, Result: store.Value{0xc0}}),
		store.Discarded: f.attempt(queue.NewJob{Kind: "k"}, queue.Attempt{Verdict: queue.Hopeless, Failure: failure("x")}),
		store.Retryable: f.attempt(queue.NewJob{Kind: "k"}, queue.Attempt{Verdict: queue.Failed, Failure: failure("x"), Wait: time.Hour}),
		store.Cancelled: f.enqueue(queue.NewJob{Kind: "k"})[0],
	}
	if _, err := f.Cancel(context.Background(), "", jobs[store.Cancelled]); err != nil {
		f.t.Fatal(err)
	}
	jobs[store.Running] = f.started(queue.NewJob{Kind: "k"})[0]
	jobs[store.Pending] = f.enqueue(queue.NewJob{Kind: "k", Hold: true})[0]
	jobs[store.Scheduled] = f.enqueue(queue.NewJob{Kind: "k", RunAt: time.Now().Add(time.Hour)})[0]
	jobs[store.Available] = f.enqueue(queue.NewJob{Kind: "k"})[0]
	for state, id := range jobs {
		if got := f.get(id).State; got != state {
			f.t.Fatalf("a job is %s, want %s", got, state)
		}
	}
	return jobs
}

var orders = []queue.Event{queue.Cancel, queue.Retry, queue.Hold, queue.Release, queue.Reschedule, queue.Due, queue.Delete}

// Each verb does what the table says to the jobs in its states, and leaves the others alone; Only
// narrows that.
func TestApply(t *testing.T) {
	for _, verb := range orders {
		for _, only := range []store.States{0, store.EveryState, store.FinalStates, store.SetOf(store.Running, store.Scheduled, store.Pending)} {
			t.Run(verb.String()+" "+only.String(), func(t *testing.T) {
				f := open(t, queue.Config{})
				defer f.close()
				jobs := f.inEveryState()
				o := queue.Order{Verb: verb, Only: only}
				for _, id := range jobs {
					o.IDs = append(o.IDs, id)
				}
				if verb == queue.Reschedule {
					o.At = time.Now().Add(time.Minute)
				}
				done, err := f.Apply(t.Context(), o)
				if err != nil || len(done.Missing) > 0 {
					t.Fatal(done, err)
				}
				possible := verb.From()
				if only != 0 {
					possible &= only
				}
				for state, id := range jobs {
					if want := possible.Has(state); slices.Contains(done.Done, id) != want {
						t.Errorf("the %s job was done: %v, want %v", state, !want, want)
					}
					got, err := f.store.Get(t.Context(), []store.ID{id}, store.HeadOnly)
					switch {
					case err != nil:
						t.Fatal(err)
					case !possible.Has(state):
						if len(got) != 1 || got[0].State != state {
							t.Errorf("the %s job was refused, and is %+v", state, got)
						}
					case verb == queue.Delete:
						if len(got) != 0 {
							t.Errorf("the %s job is still there", state)
						}
					case got[0].State != verb.To():
						t.Errorf("the %s job has become %s, want %s", state, got[0].State, verb.To())
					}
				}
				for _, r := range done.Refused {
					if jobs[r.State] != r.ID {
						t.Errorf("%s was refused as %s", r.ID, r.State)
					}
				}
			})
		}
	}
}

func TestApplyKeepsReasons(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	id := f.enqueue(queue.NewJob{Kind: "k", RunAt: time.Now().Add(time.Hour)})[0]
	at := time.Now().Add(2 * time.Hour).UTC().Round(0)
	for _, step := range []struct {
		order queue.Order
		want  string
	}{
		{queue.Order{Verb: queue.Reschedule, At: at}, "why"},
		{queue.Order{Verb: queue.Due}, ""},
		{queue.Order{Verb: queue.Hold}, "why"},
		{queue.Order{Verb: queue.Release}, ""},
		{queue.Order{Verb: queue.Cancel}, "why"},
		{queue.Order{Verb: queue.Retry}, ""},
	} {
		step.order.IDs, step.order.Reason = []store.ID{id}, "why"
		f.apply(step.order)
		j := f.get(id)
		if j.Reason != step.want {
			t.Errorf("after %s the reason is %q, want %q", step.order.Verb, j.Reason, step.want)
		}
		switch step.order.Verb {
		case queue.Reschedule:
			if !j.RunAt.Equal(at) {
				t.Errorf("it was rescheduled to %v, want %v", j.RunAt, at)
			}
		case queue.Cancel:
			if len(j.Failures) != 1 || j.Failures[0].Message != "cancelled: why" {
				t.Errorf("the failures are %+v", j.Failures)
			}
		}
	}
}

func TestApplyRefuses(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	id := f.enqueue(queue.NewJob{Kind: "k"})[0]
	now := time.Now()
	for name, o := range map[string]queue.Order{
		"no verb":                  {},
		"a verb of the executor":   {Verb: queue.Succeed},
		"a verb of the store":      {Verb: queue.Insert},
		"a verb that is none":      {Verb: 200},
		"reschedule without time":  {Verb: queue.Reschedule},
		"retry with a time":        {Verb: queue.Retry, At: now},
		"delete with a time":       {Verb: queue.Delete, At: now},
		"an order that is nothing": {Verb: queue.Abandon, Only: store.EveryState},
	} {
		o.IDs = []store.ID{id}
		if done, err := f.Apply(t.Context(), o); err == nil {
			t.Errorf("%s: %+v", name, done)
		}
	}
	if got := f.get(id).State; got != store.Available {
		t.Errorf("the job is %s", got)
	}
}

// Whoever asks is recorded with what was done, and only that.
func TestApplyIsAudited(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	jobs := f.inEveryState()
	ctx := store.WithAudit(t.Context(), store.Audit{Verb: "retry", Reason: "disk is back"})
	o := queue.Order{Verb: queue.Retry, Only: store.FailedStates, IDs: []store.ID{jobs[store.Discarded], jobs[store.Completed], jobs[store.Retryable]}}
	if _, err := f.Apply(ctx, o); err != nil {
		t.Fatal(err)
	}
	entries, err := f.store.Audit(t.Context(), store.AuditRequest{})
	if err != nil || len(entries) != 1 || entries[0].Reason != "disk is back" ||
		!slices.Equal(entries[0].Jobs, []store.ID{jobs[store.Discarded], jobs[store.Retryable]}) {
		t.Errorf("the audit is %+v, %v", entries, err)
	}
}
