package boltstore

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// A claim that fails has handed out nothing, not even of the queues before the damaged one.
func TestClaimOfDamagedQueue(t *testing.T) {
	s := open(t, Options{})
	mustEnqueue(t, s, newTestJobs(3)...)
	damaged := store.QueueInfo{Name: "damaged"}
	if err := s.PutQueue(t.Context(), damaged); err != nil {
		t.Fatal(err)
	}
	err := s.do(t.Context(), &op{run: func(tx *txn) error {
		tx.put(tableQueue, []byte(damaged.Name), []byte("rubbish"))
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	req := request(3)
	req.Want = append(req.Want, store.Want{Queue: damaged.Name, N: 1})
	if got, err := s.Claim(t.Context(), req); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("claimed %v, %v", got, err)
	}
	if err := s.PutQueue(t.Context(), damaged); err != nil {
		t.Fatal(err)
	}
	if got := mustClaim(t, s, 10); len(got) != 3 {
		t.Errorf("%d jobs are left to be claimed, want 3", len(got))
	}
}

// New jobs and the removal of all that were there can share a commit.
func TestEnqueueBesideRemovalOfAll(t *testing.T) {
	for _, n := range []int{1, 60, 5000} { // in one page, in some, in many
		s := open(t, Options{})
		mustEnqueue(t, s, newTestJobs(n)...)
		var outcomes []store.Outcome
		for _, j := range mustClaim(t, s, n) {
			outcomes = append(outcomes, store.Outcome{Ref: j.Ref(), Move: completeMove})
		}
		if _, err := s.Finish(t.Context(), outcomes); err != nil {
			t.Fatal(err)
		}
		release := stall(t, s)
		var wg sync.WaitGroup
		wg.Go(func() {
			prune := store.Retention{State: store.Completed, Before: time.Now().Add(time.Hour)}
			if m, err := s.Maintain(t.Context(), store.Budget{Limit: n, Prune: []store.Retention{prune}}); err != nil || m.Pruned != n {
				t.Errorf("pruned %+v, %v", m, err)
			}
		})
		waitForQueue(s, 1)
		wg.Go(func() { mustEnqueue(t, s, newTestJobs(2)...) })
		waitForQueue(s, 2)
		release()
		wg.Wait()
		if got := mustClaim(t, s, 10); len(got) != 2 {
			t.Errorf("%d jobs are there, want the 2 new ones", len(got))
		}
	}
}
