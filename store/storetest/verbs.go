package storetest

import (
	"context"
	"errors"
	"slices"

	"github.com/bgq-dev/bgq/store"
)

// enqueue stores jobs that must all be new.
func (fx *fixture) enqueue(jobs ...store.Job) {
	fx.Helper()
	answers, err := fx.Enqueue(fx.Context(), jobs)
	if err != nil {
		fx.Fatalf("Enqueue: %v", err)
	}
	if len(answers) != len(jobs) {
		fx.Fatalf("Enqueue answered %d times for %d jobs", len(answers), len(jobs))
	}
	for i, a := range answers {
		if a.Existing || a.ID != jobs[i].ID {
			fx.Fatalf("Enqueue of %s: got %+v, want it stored", jobs[i].ID, a)
		}
	}
}

// enqueueAs stores one job and returns the answer.
func (fx *fixture) enqueueAs(j store.Job) store.Enqueued {
	fx.Helper()
	answers, err := fx.Enqueue(fx.Context(), []store.Job{j})
	if err != nil || len(answers) != 1 {
		fx.Fatalf("Enqueue: %+v, %v", answers, err)
	}
	return answers[0]
}

// claim hands out up to n jobs of queue "q", in the order that the store gave them.
func (fx *fixture) claim(n int) []store.Job {
	fx.Helper()
	return fx.claimWith(request(n)).Jobs
}

func (fx *fixture) claimWith(req store.ClaimRequest) store.Claimed {
	fx.Helper()
	claimed, err := fx.Claim(fx.Context(), req)
	if err != nil {
		fx.Fatalf("Claim: %v", err)
	}
	return claimed
}

// run enqueues a job and claims it.
func (fx *fixture) run(j store.Job) store.Job {
	fx.Helper()
	fx.enqueue(j)
	return fx.claimJob(j.ID)
}

// claimJob claims the next job of queue "q", which must be the one named.
func (fx *fixture) claimJob(id store.ID) store.Job {
	fx.Helper()
	jobs := fx.claim(1)
	if len(jobs) != 1 || jobs[0].ID != id {
		fx.Fatalf("Claim gave %v, want %s", idsOf(jobs), id)
	}
	return jobs[0]
}

// finish records outcomes and returns which of them were stored.
func (fx *fixture) finish(outcomes ...store.Outcome) []bool {
	fx.Helper()
	held, err := fx.Finish(fx.Context(), outcomes)
	if err != nil {
		fx.Fatalf("Finish: %v", err)
	}
	if len(held) != len(outcomes) {
		fx.Fatalf("Finish answered %d times for %d outcomes", len(held), len(outcomes))
	}
	return held
}

// end finishes a running job by a move, which must succeed.
func (fx *fixture) end(j store.Job, m store.Move) {
	fx.Helper()
	if held := fx.finish(store.Outcome{Ref: j.Ref(), Move: m}); !held[0] {
		fx.Fatalf("Finish of %s was refused", j.ID)
	}
}

// extend stores one extension, and returns whether the claim held.
func (fx *fixture) extend(e store.Extension) bool {
	fx.Helper()
	held, err := fx.Extend(fx.Context(), []store.Extension{e})
	if err != nil || len(held) != 1 {
		fx.Fatalf("Extend: %v, %v", held, err)
	}
	return held[0]
}

func (fx *fixture) change(c store.Change) store.Changed {
	fx.Helper()
	changed, err := fx.Change(fx.Context(), c)
	if err != nil {
		fx.Fatalf("Change: %v", err)
	}
	return changed
}

// move changes one job by a move, which must succeed.
func (fx *fixture) move(id store.ID, m store.Move) {
	fx.Helper()
	changed := fx.change(store.Change{IDs: []store.ID{id}, Cases: []store.Move{m}})
	if !slices.Equal(changed.Done, []store.ID{id}) {
		fx.Fatalf("Change of %s to %s: got %+v", id, m.To, changed)
	}
}

func (fx *fixture) maintain(b store.Budget) store.Maintained {
	fx.Helper()
	m, err := fx.Maintain(fx.Context(), b)
	if err != nil {
		fx.Fatalf("Maintain: %v", err)
	}
	if m.Promoted+m.Pruned > b.Limit {
		fx.Fatalf("Maintain touched %d jobs, the limit was %d", m.Promoted+m.Pruned, b.Limit)
	}
	return m
}

// job reads a job with all its parts. It must exist.
func (fx *fixture) job(id store.ID) store.Job {
	fx.Helper()
	jobs, err := fx.Get(fx.Context(), []store.ID{id}, store.AllParts)
	if err != nil || len(jobs) != 1 || jobs[0].ID != id {
		fx.Fatalf("Get %s: %v, %v", id, idsOf(jobs), err)
	}
	return jobs[0]
}

// present tells which of the ids exist, in their order.
func (fx *fixture) present(ids ...store.ID) []store.ID {
	fx.Helper()
	jobs, err := fx.Get(fx.Context(), ids, store.HeadOnly)
	if err != nil {
		fx.Fatalf("Get: %v", err)
	}
	return idsOf(jobs)
}

// list reads a whole listing.
func (fx *fixture) list(req store.ListRequest) []store.Job {
	fx.Helper()
	return walk(fx.T, fx.Store, req)
}

func (fx *fixture) putQueue(q store.QueueInfo) {
	fx.Helper()
	if err := fx.PutQueue(fx.Context(), q); err != nil {
		fx.Fatalf("PutQueue: %v", err)
	}
}

func (fx *fixture) putBatch(b store.Batch) store.Batch {
	fx.Helper()
	got, created, err := fx.PutBatch(fx.Context(), b)
	if err != nil || !created {
		fx.Fatalf("PutBatch %q: created %v, %v", b.Name, created, err)
	}
	return got
}

// unchanged runs a call that must fail, and checks that it left everything as it was.
// It returns the error.
func (fx *fixture) unchanged(what string, call func() error) error {
	fx.Helper()
	before := fx.list(store.ListRequest{Parts: store.AllParts})
	err := call()
	if err == nil {
		fx.Fatalf("%s: no error", what)
	}
	after := fx.list(store.ListRequest{Parts: store.AllParts})
	if d := diffJobs(before, after); d != "" {
		fx.Errorf("%s failed (%v), and yet it changed something: %s", what, err, d)
	}
	return err
}

// wantState checks where a job stands.
func (fx *fixture) wantState(id store.ID, want store.State) {
	fx.Helper()
	if got := fx.job(id).State; got != want {
		fx.Errorf("job %s is %s, want %s", id, got, want)
	}
}

// wantIDs checks a list of ids, in order.
func (fx *fixture) wantIDs(what string, got, want []store.ID) {
	fx.Helper()
	if !slices.Equal(got, want) {
		fx.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// wantGone checks that none of the jobs exists.
func (fx *fixture) wantGone(ids ...store.ID) {
	fx.Helper()
	if left := fx.present(ids...); len(left) > 0 {
		fx.Errorf("%d jobs are still there: %v", len(left), left)
	}
}

// wantError checks an error against a sentinel.
func (fx *fixture) wantError(what string, err, target error) {
	fx.Helper()
	if !errors.Is(err, target) {
		fx.Errorf("%s: got error %v, want one that matches %q", what, err, target)
	}
}

// answer is what a claim in another goroutine came back with.
type answer struct {
	store.Claimed
	err error
}

// standing starts a waiting claim, and returns when it waits or has its answer.
func (fx *fixture) standing(ctx context.Context, req store.ClaimRequest) <-chan answer {
	req.Wait = true
	answers := make(chan answer, 1)
	s := fx.Store
	go func() {
		claimed, err := s.Claim(ctx, req)
		answers <- answer{claimed, err}
	}()
	fx.settle()
	return answers
}

// wantWaiting checks that a standing claim has no answer yet.
func (fx *fixture) wantWaiting(answers <-chan answer) {
	fx.Helper()
	fx.settle()
	select {
	case a := <-answers:
		fx.Fatalf("a claim that should wait returned %v, suspects %v, %v", idsOf(a.Jobs), a.Suspects, a.err)
	default:
	}
}
