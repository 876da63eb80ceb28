package queue_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// info reads the settings of the queue "default".
func (f *fixture) info() store.QueueInfo {
	f.t.Helper()
	queues, err := f.store.Queues(context.Background())
	if err != nil || len(queues) > 1 {
		f.t.Fatal(queues, err)
	}
	if len(queues) == 0 {
		return store.QueueInfo{}
	}
	return queues[0]
}

// Each setting is changed by itself: a pause does not lose the workers, nor the other way round.
func TestSettingsStayApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, queue.Config{})
		defer f.close()
		start := time.Now().UTC()
		ann, bob := store.Actor{Name: "ann", UID: 1}, store.Actor{Name: "bob", UID: 2}
		by := func(a store.Actor) context.Context {
			return store.WithAudit(t.Context(), store.Audit{Actor: a, Verb: "set"})
		}
		want := store.QueueInfo{Name: "default"}
		check := func(step string, err error) {
			t.Helper()
			if got := f.info(); err != nil || got != want {
				t.Fatalf("%s: %v, the settings are %+v, want %+v", step, err, got, want)
			}
			time.Sleep(time.Hour)
		}
		set := func(ctx context.Context, change func(*store.QueueInfo)) error {
			got, err := f.SetQueue(ctx, "default", change)
			if got != want {
				t.Errorf("SetQueue returned %+v, want %+v", got, want)
			}
			return err
		}

		want.Workers = 4
		check("workers", set(by(ann), func(q *store.QueueInfo) { q.Workers = 4 }))
		want.Paused, want.Reason, want.Since, want.By = true, "disk full", start.Add(time.Hour), ann
		check("pause", f.Pause(by(ann), "default", "disk full"))
		want.Rate = 2.5
		check("rate", set(by(bob), func(q *store.QueueInfo) { q.Rate = 2.5 }))
		check("the same pause again", f.Pause(by(bob), "default", "disk full"))
		want.Reason, want.By = "disk is being changed", bob
		check("a pause for another reason", f.Pause(by(bob), "default", "disk is being changed"))
		want.By, want.Reason = store.Actor{}, "maintenance"
		check("a pause by the program", f.Pause(t.Context(), "default", "maintenance"))
		want.Paused, want.Reason, want.Since, want.By = false, "", time.Time{}, store.Actor{}
		check("resume", f.Resume(by(ann), "default"))
		check("no change", set(by(ann), func(q *store.QueueInfo) { q.Reason, q.By, q.Name = "because", bob, "other" }))

		entries, err := f.store.Audit(t.Context(), store.AuditRequest{})
		var details []string
		for _, e := range entries {
			details = append(details, e.Detail)
		}
		if err != nil || len(details) != 5 || details[0] != "resumed" || details[4] != "workers 4" {
			t.Errorf("the audit says %q, %v", details, err)
		}
	})
}

func TestResumeOfWhatIsNotPaused(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	if err := f.Resume(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	if got := f.info(); got != (store.QueueInfo{}) {
		t.Errorf("it has left %+v", got)
	}
}

func TestSetQueueRefuses(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	for name, change := range map[string]func(*store.QueueInfo){
		"negative workers": func(q *store.QueueInfo) { q.Workers = -1 },
		"a negative rate":  func(q *store.QueueInfo) { q.Rate = -0.5 },
		"no rate at all":   func(q *store.QueueInfo) { q.Rate = q.Rate / q.Rate },
	} {
		if got, err := f.SetQueue(t.Context(), "default", change); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if err := f.Pause(t.Context(), "", "x"); err == nil {
		t.Error("a queue without a name was paused")
	}
}

// Changes that are made at once are all there in the end.
func TestSettingsAreNotLost(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := f.SetQueue(t.Context(), "default", func(q *store.QueueInfo) { q.Workers++ }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := f.info().Workers; got != 20 {
		t.Errorf("of 20 changes %d are there", got)
	}
}
