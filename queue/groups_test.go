package queue_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// fail makes a job that has failed with a message, for good or not.
func (f *fixture) fail(kind, name, message string, verdict queue.Verdict) store.ID {
	f.t.Helper()
	id := f.enqueue(queue.NewJob{Kind: kind, Queue: name})[0]
	got, err := f.Claim(f.t.Context(), queue.ClaimRequest{Want: []store.Want{{Queue: name, N: 1}}})
	if err != nil || len(got.Jobs) != 1 {
		f.t.Fatal(got, err)
	}
	f.finish(queue.Attempt{Job: &got.Jobs[0], Verdict: verdict, Wait: 100 * time.Hour, Failure: &store.Failure{
		At: time.Now(), Kind: store.FailError, Message: message, Chain: []store.Cause{{Type: "*fs.PathError"}},
	}})
	return id
}

// failMany makes jobs of queue "default" that have all failed in the same way.
func (f *fixture) failMany(n int, kind, message string, verdict queue.Verdict) {
	f.t.Helper()
	f.enqueue(slices.Repeat([]queue.NewJob{{Kind: kind}}, n)...)
	var ends []queue.Attempt
	for _, j := range f.claim(n) {
		ends = append(ends, queue.Attempt{Job: &j, Verdict: verdict, Wait: 100 * time.Hour, Failure: failure(message)})
	}
	if held, err := f.Finish(f.t.Context(), ends...); err != nil || len(held) != n {
		f.t.Fatal(len(held), err)
	}
}

func TestErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, queue.Config{})
		defer f.close()
		start := time.Now()
		var last store.ID
		for i := range 3 {
			f.fail("resize", "img", fmt.Sprintf("write /thumbs/%d.jpg: no space left", i), queue.Failed)
			time.Sleep(time.Minute)
			last = f.fail("resize", "low", fmt.Sprintf("write /thumbs/%d.jpg: no space left", i+10), queue.Hopeless)
			time.Sleep(time.Minute)
		}
		f.fail("mail", "img", "write /thumbs/1.jpg: no space left", queue.Hopeless)
		f.attempt(queue.NewJob{Kind: "resize"}, queue.Attempt{Verdict: queue.Succeeded, Result: store.Value{0xc0}})
		f.enqueue(queue.NewJob{Kind: "resize"})
		cancelled := f.enqueue(queue.NewJob{Kind: "resize"})[0]
		f.apply(queue.Order{Verb: queue.Cancel, IDs: []store.ID{cancelled}})

		got, err := f.Errors(t.Context(), store.Filter{}, queue.ErrorLimits{})
		if err != nil || got.Partial || got.Scanned != 7 || len(got.Groups) != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		g := got.Groups[0]
		if g.Kind != "resize" || g.FailureKind != store.FailError || g.Type != "*fs.PathError" || g.Pattern != "write …: no space left" ||
			g.Count != 6 || g.Queues["img"] != 3 || g.Queues["low"] != 3 || len(g.Queues) != 2 ||
			!g.First.Equal(start) || !g.Last.Equal(start.Add(5*time.Minute)) || g.ExampleJob != last || g.Sample != "write /thumbs/12.jpg: no space left" {
			t.Errorf("the first group is %+v", g)
		}
		if g := got.Groups[1]; g.Kind != "mail" || g.Count != 1 || g.Pattern != got.Groups[0].Pattern || g.Fingerprint == got.Groups[0].Fingerprint {
			t.Errorf("the second group is %+v", g)
		}

		// The fingerprint leads to the jobs again.
		rows, err := f.Count(t.Context(), store.Filter{Fingerprints: []string{g.Fingerprint}})
		if err != nil || queue.Total(rows) != g.Count {
			t.Errorf("the fingerprint selects %+v, %v", rows, err)
		}

		// A filter narrows it; one with states means those.
		for want, filter := range map[string]store.Filter{
			"mail 1":               {Kinds: []string{"mail"}},
			"resize 3":             {Queues: []string{"low"}},
			"resize 3 (retryable)": {States: store.SetOf(store.Retryable)},
			"resize 1 (cancelled)": {States: store.SetOf(store.Cancelled)},
			"":                     {States: store.SetOf(store.Completed, store.Available)},
		} {
			got, err := f.Errors(t.Context(), filter, queue.ErrorLimits{})
			var groups []string
			for _, g := range got.Groups {
				groups = append(groups, fmt.Sprint(g.Kind, " ", g.Count))
			}
			if text := strings.Join(groups, ", "); err != nil || got.Partial || text != strings.Split(want, " (")[0] {
				t.Errorf("%+v: %q, %v, want %q", filter, text, err, want)
			}
		}
	})
}

// When a limit is reached it tells so, and every state has had its share.
func TestErrorsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, queue.Config{})
		defer f.close()
		f.failMany(250, "a", "again", queue.Failed) // more than one page
		f.failMany(250, "b", "over", queue.Hopeless)
		all := queue.ErrorLimits{Jobs: 1000, Until: time.Now().Add(time.Hour)}
		for _, c := range []struct {
			limits  queue.ErrorLimits
			scanned int
			partial bool
			groups  int
		}{
			{all, 500, false, 2},
			{queue.ErrorLimits{}, 500, false, 2},
			{queue.ErrorLimits{Jobs: 400}, 400, true, 2},
			{queue.ErrorLimits{Jobs: 100}, 200, true, 1},
			{queue.ErrorLimits{Until: time.Now()}, 0, true, 0},
		} {
			got, err := f.Errors(t.Context(), store.Filter{}, c.limits)
			if err != nil || got.Scanned != c.scanned || got.Partial != c.partial || len(got.Groups) != c.groups {
				t.Errorf("%+v: %d jobs in %d groups, partial %v, %v; want %d in %d, partial %v",
					c.limits, got.Scanned, len(got.Groups), got.Partial, err, c.scanned, c.groups, c.partial)
			}
		}
	})
}

// A long message is cut where characters end, and long ones of one cause are one group all the same.
func TestErrorsCutsSamples(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	for i := range 2 {
		f.fail("k", "q", fmt.Sprint(i, strings.Repeat("é", 3000)), queue.Hopeless)
	}
	got, err := f.Errors(t.Context(), store.Filter{}, queue.ErrorLimits{})
	if err != nil || len(got.Groups) != 1 || got.Groups[0].Count != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if text := got.Groups[0].Sample; len(text) > 2100 || !strings.HasSuffix(text, "é…") {
		t.Errorf("the sample has %d bytes and ends with %q", len(text), text[len(text)-10:])
	}
}
