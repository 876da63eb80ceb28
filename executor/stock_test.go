package executor

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
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

// TestStockOfAllTokens: a lane whose jobs in stock have all the tokens that there can be waits for no
// further one. It must not keep the dispatcher from giving them back in time, nor from the other lanes.
func TestStockOfAllTokens(t *testing.T) {
	st, err := boltstore.Open(filepath.Join(t.TempDir(), "test.db"), boltstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	e, l := stocked(1)
	if e.q, err = queue.New(st, queue.Config{}); err != nil {
		t.Fatal(err)
	}
	e.kinds, e.claiming = []string{"k"}, 5*time.Millisecond
	l.limit.set(10, epoch) // one token at a time
	l.used, l.rate, l.measured = 1, 100_000, epoch

	now := epoch.Add(time.Hour)
	if p := e.plan(now); len(p.wants) > 0 || p.patience != stockAge {
		t.Errorf("with a stock: %+v", p)
	}
	l.rate, l.finished = 100_000, 0
	other := &lane{queue: "other", slots: 1}
	other.limit.set(20, now)
	other.limit.take(now)
	other.limit.take(now)
	e.lanes["other"] = other
	if p := e.plan(now); len(p.wants) > 0 || p.patience != 50*time.Millisecond {
		t.Errorf("with another that waits for a token: %+v", p)
	}
}
