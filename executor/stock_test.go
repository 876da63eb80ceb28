package executor

import (
	"context"
	"errors"
	"testing"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// stocked returns an executor that was never started, with n jobs in the stock of a lane of one slot.
func stocked(n int) (*Executor, *lane) {
	e := &Executor{
		lanes: map[string]*lane{}, attempts: map[store.ID]*attempt{},
		work: make(chan struct{}, 1), jobs: context.Background(),
	}
	l := &lane{queue: "q", configured: 1, slots: 1}
	e.lanes["q"] = l
	for range n {
		j := store.Job{ID: store.NewID(), Queue: "q"}
		l.stock = append(l.stock, e.newAttempt(j, l, epoch))
	}
	return e, l
}

// TestSettingsHoldForTheStock: what was claimed before they were made is given back.
func TestSettingsHoldForTheStock(t *testing.T) {
	for name, c := range map[string]struct {
		set  store.QueueInfo
		left int
	}{
		"more workers": {store.QueueInfo{Workers: 9}, 4},
		"a high rate":  {store.QueueInfo{Rate: 100}, 4},
		"a low rate":   {store.QueueInfo{Rate: 0.1}, 1},
	} {
		e, l := stocked(4)
		e.settings = map[string]store.QueueInfo{"q": c.set}
		if !e.heed(l) {
			t.Errorf("%s: no change", name)
		}
		if len(l.stock) != c.left || len(e.settled) != 4-c.left {
			t.Errorf("%s: %d stay in stock, %d are given back", name, len(l.stock), len(e.settled))
		}
		for _, a := range e.settled {
			if a.outcome.Verdict != queue.Interrupted || e.attempts[a.job.ID] != nil {
				t.Errorf("%s: %+v", name, a.outcome)
			}
		}
		if e.heed(l) {
			t.Errorf("%s: it changes again", name)
		}
	}
}

// TestCancelledInStock: a job that was cancelled while in stock begins with that cause.
func TestCancelledInStock(t *testing.T) {
	e, l := stocked(1)
	e.revoke(l.stock[0], ErrCancelled)
	a := l.next()
	a.begin(l.take(e.jobs))
	if cause := context.Cause(a.ctx); !errors.Is(cause, ErrCancelled) {
		t.Errorf("it began with %v", cause)
	}
	if a.slot != 1 {
		t.Errorf("slot %d", a.slot)
	}
}
