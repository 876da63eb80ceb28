package boltstore

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/bgq-dev/bgq/store"
)

// together carries calls out in one commit, in this order, while the claims that stand wait for it.
func together(t *testing.T, s *Store, ops ...*op) {
	t.Helper()
	release := stall(t, s)
	errs := make(chan error, len(ops))
	for _, o := range ops {
		go func() { errs <- s.do(t.Context(), o) }()
		synctest.Wait()
	}
	before := commits(t, s)
	release()
	for range ops {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	if n := commits(t, s) - before; n != 1 {
		t.Fatalf("it took %d commits", n)
	}
}

// enqueueing is the call that Enqueue makes.
func enqueueing(t *testing.T, s *Store, jobs ...store.Job) *op {
	t.Helper()
	fresh, err := s.prepare(jobs)
	if err != nil {
		t.Fatal(err)
	}
	return &op{blind: true, run: func(tx *txn) error {
		_, err := tx.enqueue(fresh)
		return err
	}}
}

func idsOf(jobs []store.Job) []store.ID {
	ids := make([]store.ID, len(jobs))
	for i := range jobs {
		ids[i] = jobs[i].ID
	}
	return ids
}

// What is handed out by the commit that stores it is chosen as if it had been stored
// before; the rest stands where it belongs. The audit of open looks after the indexes.
func TestHandingChoosesTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		req := request(2)
		req.Kinds = []string{"k", "l"}
		answer := standing(t.Context(), s, req)
		jobs := newTestJobs(6)
		jobs[0].Priority = 3
		jobs[1].Kind, jobs[1].Priority = "other", -9
		jobs[2].Queue, jobs[2].Priority = "elsewhere", -9
		jobs[3].Kind = "l"
		jobs[3].Args = largeValue('a')
		jobs[4].Priority, jobs[4].Unique, jobs[4].UniqueUntil = -1, "key", store.UntilStart
		jobs[5].State = store.Pending
		together(t, s, enqueueing(t, s, jobs[:2]...), enqueueing(t, s, jobs[2:]...))
		a := <-answer
		if want := []store.ID{jobs[4].ID, jobs[3].ID}; a.err != nil || !slices.Equal(idsOf(a.claimed.Jobs), want) {
			t.Fatalf("claimed %v, %v, want %v", idsOf(a.claimed.Jobs), a.err, want)
		}
		if string(a.claimed.Jobs[1].Args) != string(jobs[3].Args) || string(a.claimed.Jobs[0].Args) != string(jobs[4].Args) {
			t.Error("the arguments are not those that were stored")
		}
		again := newTestJob() // the key is free, since the job has started
		again.Unique = "key"
		mustEnqueue(t, s, again)
		if rest := idsOf(mustClaim(t, s, 10)); !slices.Equal(rest, []store.ID{jobs[1].ID, again.ID, jobs[0].ID}) {
			t.Errorf("left over were %v", rest)
		}
	})
}

// A call that looks into the indexes finds there what came before it in the same commit.
func TestHandingIsNotSeenByOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		answer := standing(t.Context(), s, request(2))
		jobs := newTestJobs(2)
		var changed store.Changed
		change := store.Change{IDs: []store.ID{jobs[0].ID}, Cases: []store.Move{{From: store.SetOf(store.Available), To: store.Cancelled}}}
		together(t, s, enqueueing(t, s, jobs[0]), &op{run: func(tx *txn) (err error) {
			changed, err = tx.change(&change, nil)
			return err
		}}, enqueueing(t, s, jobs[1]))
		if len(changed.Done) != 1 {
			t.Errorf("cancelling said %+v", changed)
		}
		if a := <-answer; a.err != nil || !slices.Equal(idsOf(a.claimed.Jobs), []store.ID{jobs[1].ID}) {
			t.Errorf("claimed %v, %v", idsOf(a.claimed.Jobs), a.err)
		}
	})
}

// Jobs that stand in the index already have their turn by priority too.
func TestHandingMixesWithWhatStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		answer := standing(t.Context(), s, request(2))
		jobs := newTestJobs(3)
		jobs[0].Priority, jobs[2].Priority = 1, -1
		placed := enqueueing(t, s, jobs[0])
		together(t, s, placed, &op{run: func(*txn) error { return nil }}, enqueueing(t, s, jobs[1:]...))
		if a := <-answer; a.err != nil || !slices.Equal(idsOf(a.claimed.Jobs), []store.ID{jobs[2].ID, jobs[1].ID}) {
			t.Errorf("claimed %v, %v", idsOf(a.claimed.Jobs), a.err)
		}
		if rest := idsOf(mustClaim(t, s, 10)); !slices.Equal(rest, []store.ID{jobs[0].ID}) {
			t.Errorf("left over were %v", rest)
		}
	})
}

// Two claims that wait share what one commit brings; a job is handed out once.
func TestHandingServesClaimsInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		first := standing(t.Context(), s, request(2))
		second := standing(t.Context(), s, request(2))
		jobs := newTestJobs(3)
		answers, err := s.Enqueue(t.Context(), append(slices.Clone(jobs), jobs[0])) // one of them twice
		if err != nil || !answers[3].Existing || answers[0].Existing {
			t.Errorf("Enqueue: %+v, %v", answers, err)
		}
		if a := <-first; a.err != nil || !slices.Equal(idsOf(a.claimed.Jobs), idsOf(jobs[:2])) {
			t.Errorf("the first claimed %v, %v", idsOf(a.claimed.Jobs), a.err)
		}
		if a := <-second; a.err != nil || !slices.Equal(idsOf(a.claimed.Jobs), idsOf(jobs[2:])) {
			t.Errorf("the second claimed %v, %v", idsOf(a.claimed.Jobs), a.err)
		}
	})
}
