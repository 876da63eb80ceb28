package storetest

import (
	"slices"

	"github.com/bgq-dev/bgq/store"
)

var fenceCases = []scenario{
	{"refuses every claim but the current one", fenceRefuses},
	{"lets a batch through in part", fenceInPart},
	{"lets the first of two in one call through", fenceFirstOfTwo},
	{"holds over reopening", fenceHoldsOver},
}

// stale are the ways in which a claim comes to nothing: each gets a running job and
// returns the ref of an attempt that lost it.
var stale = []struct {
	name string
	lose func(fx *fixture, j store.Job) store.Ref
}{
	{"finished", func(fx *fixture, j store.Job) store.Ref {
		fx.end(j, completeIt)
		return j.Ref()
	}},
	{"cancelled", func(fx *fixture, j store.Job) store.Ref {
		fx.move(j.ID, cancelIt)
		return j.Ref()
	}},
	{"recovered", func(fx *fixture, j store.Job) store.Ref {
		fx.move(j.ID, recoverIt)
		return j.Ref()
	}},
	{"retryable", func(fx *fixture, j store.Job) store.Ref {
		fx.end(j, retryAt(fx.Now()))
		return j.Ref()
	}},
	{"claimed again", func(fx *fixture, j store.Job) store.Ref {
		fx.end(j, releaseIt)
		fx.claimJob(j.ID)
		return j.Ref()
	}},
	{"not claimed yet", func(_ *fixture, j store.Job) store.Ref {
		return store.Ref{ID: j.ID, Claim: j.Claim + 1}
	}},
	{"no claim", func(_ *fixture, j store.Job) store.Ref {
		return store.Ref{ID: j.ID}
	}},
	{"deleted", func(fx *fixture, j store.Job) store.Ref {
		fx.move(j.ID, cancelIt)
		fx.change(store.Change{IDs: []store.ID{j.ID}, Delete: store.FinalStates})
		return j.Ref()
	}},
	{"never there", func(fx *fixture, _ store.Job) store.Ref {
		return store.Ref{ID: fx.ids.next(), Claim: 1}
	}},
}

func fenceRefuses(fx *fixture) {
	for _, s := range stale {
		ref := s.lose(fx, fx.run(fx.newJob()))
		fx.Checkpoint()
		before := fx.list(store.ListRequest{Parts: store.AllParts})
		late := store.Outcome{
			Ref: ref, Move: completeIt, Result: text("late"), Next: fx.newJobs(1),
			Failure: &store.Failure{At: fx.Now(), Kind: store.FailError, Message: "late"},
		}
		if held := fx.finish(late); held[0] {
			fx.Errorf("%s: Finish was let through", s.name)
		}
		if fx.extend(store.Extension{
			Ref: ref, Progress: &store.Progress{Done: 1},
			Checkpoints: []store.Checkpoint{{Name: "late", Value: null}},
		}) {
			fx.Errorf("%s: Extend was let through", s.name)
		}
		if d := diffJobs(before, fx.list(store.ListRequest{Parts: store.AllParts})); d != "" {
			fx.Errorf("%s: a late attempt changed something:%s", s.name, d)
		}
		// Leave nothing that the next one could claim.
		fx.change(store.Change{IDs: idsOf(before), Cases: []store.Move{cancelIt}})
	}
}

func fenceInPart(fx *fixture) {
	fx.enqueue(fx.newJobs(6)...)
	jobs := fx.claim(6)
	fx.move(jobs[1].ID, cancelIt)
	fx.move(jobs[4].ID, recoverIt)
	fx.Checkpoint()
	held := fx.finish(completed(jobs)...)
	if want := []bool{true, false, true, true, false, true}; !slices.Equal(held, want) {
		fx.Errorf("got %v, want %v", held, want)
	}
	fx.Checkpoint()
	for i, want := range []store.State{
		store.Completed, store.Cancelled, store.Completed, store.Completed, store.Available, store.Completed,
	} {
		fx.wantState(jobs[i].ID, want)
	}
}

func fenceFirstOfTwo(fx *fixture) {
	j := fx.run(fx.newJob())
	fx.Checkpoint()
	held := fx.finish(
		store.Outcome{Ref: j.Ref(), Move: completeIt, Result: text("first")},
		store.Outcome{Ref: j.Ref(), Move: discardIt, Result: text("second")},
	)
	if !slices.Equal(held, []bool{true, false}) {
		fx.Errorf("got %v, want the first only", held)
	}
	fx.Checkpoint()
	if got := fx.job(j.ID); got.State != store.Completed || !slices.Equal(got.Result, text("first")) {
		fx.Errorf("the job is %s with result %q", got.State, got.Result)
	}
}

// A store does not decide what a reopening means for running jobs: that is done
// above, by a Change. Until then, the claim stands.
func fenceHoldsOver(fx *fixture) {
	j := fx.run(fx.newJob())
	fx.Reopen()
	got := fx.job(j.ID)
	if got.State != store.Running || got.Claim != j.Claim {
		fx.Fatalf("after reopening: %s under claim %d, want running under %d", got.State, got.Claim, j.Claim)
	}
	fx.end(j, releaseIt)
	fx.Reopen()
	again := fx.claimJob(j.ID)
	if again.Claim <= j.Claim {
		fx.Errorf("claim %d follows %d", again.Claim, j.Claim)
	}
	fx.Checkpoint()
	if held := fx.finish(store.Outcome{Ref: j.Ref(), Move: completeIt}, store.Outcome{Ref: again.Ref(), Move: completeIt}); !slices.Equal(held, []bool{false, true}) {
		fx.Errorf("got %v, want only the later claim to hold", held)
	}
}
