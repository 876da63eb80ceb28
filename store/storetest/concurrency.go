package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/bgq-dev/bgq/store"
)

var concurrencyCases = []scenario{
	{"claims each job exactly once", claimEachOnce},
	{"stores each id once", storeEachOnce},
	{"gives a unique key to one", uniqueToOne},
	{"lets either cancel or finish win", cancelOrFinish},
	{"hands jobs from producers to consumers", producersAndConsumers},
}

const (
	workers = 16
	crowd   = 2000
)

// together runs f in many goroutines, and waits for all.
func together(f func(worker int)) {
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { f(w) })
	}
	wg.Wait()
}

// tally counts jobs by id.
type tally struct {
	mu    sync.Mutex
	count map[store.ID]int
}

func newTally() *tally { return &tally{count: map[store.ID]int{}} }

func (t *tally) add(jobs ...store.Job) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, j := range jobs {
		t.count[j.ID]++
	}
}

// wantOnce checks that each of the jobs was counted once, and no other.
func (fx *fixture) wantOnce(t *tally, jobs []store.Job) {
	fx.Helper()
	for _, j := range jobs {
		if n := t.count[j.ID]; n != 1 {
			fx.Errorf("job %s: %d times, want once", j.ID, n)
		}
	}
	if len(t.count) > len(jobs) {
		fx.Errorf("%d jobs were counted, there are %d", len(t.count), len(jobs))
	}
}

func claimEachOnce(fx *fixture) {
	jobs := fx.newJobs(crowd)
	fx.enqueue(jobs...)
	fx.Checkpoint()
	claimed := newTally()
	together(func(w int) {
		for {
			c, err := fx.Claim(fx.Context(), request(1+w))
			if err != nil {
				fx.Errorf("Claim: %v", err)
				return
			}
			if len(c.Jobs) == 0 {
				return
			}
			if len(c.Jobs) > 1+w {
				fx.Errorf("%d jobs for a wish of %d", len(c.Jobs), 1+w)
			}
			claimed.add(c.Jobs...)
		}
	})
	fx.Checkpoint()
	fx.wantOnce(claimed, jobs)
}

func storeEachOnce(fx *fixture) {
	fx.Checkpoint()
	jobs := fx.newJobs(100)
	stored := newTally()
	together(func(int) {
		answers, err := fx.Enqueue(fx.Context(), jobs)
		if err != nil {
			fx.Errorf("Enqueue: %v", err)
			return
		}
		for i, a := range answers {
			if !a.Existing {
				stored.add(jobs[i])
			}
		}
	})
	fx.Checkpoint()
	fx.wantOnce(stored, jobs)
	fx.wantIDs("claimed", idsOf(fx.claim(200)), idsOf(jobs))
}

func uniqueToOne(fx *fixture) {
	fx.Checkpoint()
	for range 10 {
		jobs := fx.newJobs(workers)
		answers := make([]store.Enqueued, workers)
		together(func(w int) {
			j := jobs[w]
			j.Unique = "key"
			got, err := fx.Enqueue(fx.Context(), []store.Job{j})
			if err != nil {
				fx.Errorf("Enqueue: %v", err)
				return
			}
			answers[w] = got[0]
		})
		holder := fx.claim(workers)
		if len(holder) != 1 {
			fx.Fatalf("%d jobs hold one key", len(holder))
		}
		for i, a := range answers {
			if a.ID != holder[0].ID || a.Existing == (jobs[i].ID == a.ID) {
				fx.Errorf("job %s: got %+v, the key is held by %s", jobs[i].ID, a, holder[0].ID)
			}
		}
		fx.end(holder[0], completeIt)
	}
}

func cancelOrFinish(fx *fixture) {
	const n = 200
	fx.enqueue(fx.newJobs(n)...)
	jobs := fx.claim(n)
	fx.Checkpoint()
	finished, cancelled := newTally(), newTally()
	var turn [2]atomic.Int64
	together(func(w int) {
		for {
			i := turn[w%2].Add(1) - 1
			if i >= n {
				return
			}
			if w%2 == 0 {
				held, err := fx.Finish(fx.Context(), completed(jobs[i:i+1]))
				if err != nil {
					fx.Errorf("Finish: %v", err)
				} else if held[0] {
					finished.add(jobs[i])
				}
				continue
			}
			changed, err := fx.Change(fx.Context(), store.Change{IDs: idsOf(jobs[i : i+1]), Cases: []store.Move{cancelIt}})
			if err != nil {
				fx.Errorf("Change: %v", err)
			} else if len(changed.Done) == 1 {
				cancelled.add(jobs[i])
			}
		}
	})
	fx.Checkpoint()
	for _, j := range jobs {
		want := store.Completed
		if cancelled.count[j.ID] == 1 {
			want = store.Cancelled
		}
		if finished.count[j.ID]+cancelled.count[j.ID] != 1 {
			fx.Errorf("job %s was finished %d times and cancelled %d times", j.ID, finished.count[j.ID], cancelled.count[j.ID])
		}
		fx.wantState(j.ID, want)
	}
}

// Half of the workers enqueue, the other half wait for jobs and finish them.
func producersAndConsumers(fx *fixture) {
	fx.Checkpoint()
	const each = 100
	jobs := fx.newJobs(each * workers / 2)
	done := newTally()
	var left atomic.Int64
	left.Store(int64(len(jobs)))
	ctx, allDone := context.WithCancel(fx.Context())
	together(func(w int) {
		if w%2 == 0 {
			for _, j := range jobs[w/2*each : (w/2+1)*each] {
				if _, err := fx.Enqueue(fx.Context(), []store.Job{j}); err != nil {
					fx.Errorf("Enqueue: %v", err)
				}
			}
			return
		}
		for {
			req := request(1 + w%3)
			req.Wait = true
			c, err := fx.Claim(ctx, req)
			if err != nil {
				if !errors.Is(err, ctx.Err()) {
					fx.Errorf("Claim: %v", err)
				}
				return
			}
			if _, err := fx.Finish(fx.Context(), completed(c.Jobs)); err != nil {
				fx.Errorf("Finish: %v", err)
			}
			done.add(c.Jobs...)
			if left.Add(-int64(len(c.Jobs))) == 0 {
				allDone()
			}
		}
	})
	fx.Checkpoint()
	fx.wantOnce(done, jobs)
}
