package storetest

import (
	"slices"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var changeCases = []scenario{
	{"applies the first case that fits", changeFirstCase},
	{"answers in the order of the ids", changeAnswersInOrder},
	{"moves from every state", changeFromEveryState},
	{"applies the move", changeAppliesMove},
	{"appends the failure to what moved", changeAppendsFailure},
	{"deletes with all that belongs to it", changeDeletes},
	{"consumes once", changeConsumesOnce},
	{"stores all or nothing", changeAllOrNothing},
}

// oneOfEach makes a job in each state, in the order of the states.
func (fx *fixture) oneOfEach() map[store.State]store.ID {
	fx.Helper()
	ids := map[store.State]store.ID{}
	start := func() store.Job { return fx.run(fx.newJob()) }
	for s, last := range map[store.State]store.Move{
		store.Retryable: retryAt(fx.Now().Add(time.Hour)), store.Completed: completeIt,
		store.Cancelled: cancelIt, store.Discarded: discardIt,
	} {
		j := start()
		fx.end(j, last)
		ids[s] = j.ID
	}
	ids[store.Running] = start().ID
	for _, s := range []store.State{store.Pending, store.Available, store.Scheduled} {
		j := fx.newJob()
		j.State = s
		j.Priority = 1 // behind what another call wants to run
		if s == store.Scheduled {
			j.RunAt = fx.Now().Add(time.Hour)
		}
		fx.enqueue(j)
		ids[s] = j.ID
	}
	return ids
}

func changeFirstCase(fx *fixture) {
	ids := fx.oneOfEach()
	fx.Checkpoint()
	all := make([]store.ID, 0, len(ids))
	for _, s := range store.AllStates() {
		all = append(all, ids[s])
	}
	changed := fx.change(store.Change{IDs: all, Cases: []store.Move{
		{From: store.SetOf(store.Scheduled), To: store.Available, Reason: "first"},
		{From: store.SetOf(store.Scheduled, store.Retryable, store.Running), To: store.Pending, Reason: "second"},
		{From: store.SetOf(store.Available), To: store.Pending, Reason: "third"},
	}})
	fx.Checkpoint()
	fx.wantIDs("done", changed.Done, []store.ID{ids[store.Available], ids[store.Scheduled], ids[store.Running], ids[store.Retryable]})
	var refused []store.Refusal
	for _, s := range []store.State{store.Pending, store.Completed, store.Cancelled, store.Discarded} {
		refused = append(refused, store.Refusal{ID: ids[s], State: s})
	}
	if !slices.Equal(changed.Refused, refused) {
		fx.Errorf("refused %v, want %v", changed.Refused, refused)
	}
	for was, want := range map[store.State]struct {
		state  store.State
		reason string
	}{
		store.Scheduled: {store.Available, "first"}, store.Retryable: {store.Pending, "second"},
		store.Running: {store.Pending, "second"}, store.Available: {store.Pending, "third"},
		store.Completed: {store.Completed, ""}, store.Discarded: {store.Discarded, "permanent"},
	} {
		if got := fx.job(ids[was]); got.State != want.state || got.Reason != want.reason {
			fx.Errorf("the %s job is now %s (%q), want %s (%q)", was, got.State, got.Reason, want.state, want.reason)
		}
	}
}

func changeAnswersInOrder(fx *fixture) {
	jobs := fx.newJobs(4)
	fx.enqueue(jobs...)
	done := []store.ID{jobs[0].ID, jobs[2].ID}
	for _, id := range done {
		fx.move(id, cancelIt)
	}
	fx.Checkpoint()
	never := []store.ID{fx.ids.next(), fx.ids.next()}
	changed := fx.change(store.Change{
		IDs:   []store.ID{never[1], jobs[3].ID, done[1], jobs[1].ID, done[0], never[0]},
		Cases: []store.Move{cancelIt},
	})
	fx.wantIDs("done", changed.Done, []store.ID{jobs[3].ID, jobs[1].ID})
	fx.wantIDs("missing", changed.Missing, []store.ID{never[1], never[0]})
	if want := []store.Refusal{{ID: done[1], State: store.Cancelled}, {ID: done[0], State: store.Cancelled}}; !slices.Equal(changed.Refused, want) {
		fx.Errorf("refused %v, want %v", changed.Refused, want)
	}
	if nothing := fx.change(store.Change{}); len(nothing.Done)+len(nothing.Refused)+len(nothing.Missing) != 0 {
		fx.Errorf("no ids: got %+v", nothing)
	}
}

func changeFromEveryState(fx *fixture) {
	for _, to := range []store.State{
		store.Pending, store.Available, store.Scheduled, store.Retryable, store.Completed, store.Cancelled, store.Discarded,
	} {
		ids := fx.oneOfEach()
		fx.Checkpoint()
		for from, id := range ids {
			fx.move(id, store.Move{From: store.SetOf(from), To: to})
			got := fx.job(id)
			if got.State != to || got.FinalisedAt.IsZero() == to.Final() {
				fx.Errorf("from %s to %s: it is %s, finalised at %v", from, to, got.State, got.FinalisedAt)
			}
		}
		for _, id := range ids {
			fx.change(store.Change{IDs: []store.ID{id}, Delete: store.EveryState})
		}
	}
}

func changeAppliesMove(fx *fixture) {
	j := fx.newJob()
	j.MaxAttempts = 1
	running := fx.run(j)
	fx.end(running, discardIt)
	fx.Checkpoint()
	// An operator's retry: one more attempt is allowed, the history stays.
	before := fx.job(j.ID)
	later := fx.Now().Add(time.Minute)
	again := againIt
	again.RunAt = later
	fx.move(j.ID, again)
	fx.Checkpoint()
	want := before
	want.State, want.RunAt, want.MaxAttempts, want.Reason, want.FinalisedAt = store.Available, later, 2, "", time.Time{}
	if d := diff(want, fx.job(j.ID)); d != "" {
		fx.Errorf("after the retry:%s", d)
	}
	// Granted again, nothing more is needed.
	fx.move(j.ID, againIt)
	if got := fx.job(j.ID); got.MaxAttempts != 2 || !got.RunAt.Equal(later) {
		fx.Errorf("MaxAttempts %d and RunAt %v, want 2 and %v", got.MaxAttempts, got.RunAt, later)
	}
	if again := fx.claimJob(j.ID); again.Attempt != 2 || again.Claim <= running.Claim {
		fx.Errorf("attempt %d under claim %d", again.Attempt, again.Claim)
	}
}

func changeAppendsFailure(fx *fixture) {
	moved, refused, doomed := fx.run(fx.newJob()), fx.newJob(), fx.run(fx.newJob())
	fx.end(doomed, completeIt)
	refused.State = store.Pending
	fx.enqueue(refused)
	fx.Checkpoint()
	f := store.Failure{At: fx.Now(), Attempt: 1, Kind: store.FailCrash, Message: "the process died"}
	fx.change(store.Change{
		IDs: []store.ID{moved.ID, refused.ID, doomed.ID}, Cases: []store.Move{recoverIt},
		Delete: store.SetOf(store.Completed), Failure: &f,
	})
	fx.Checkpoint()
	want := fx.job(moved.ID)
	want.Failures, want.FailureCount = []store.Failure{f}, 1
	if d := diff(want, fx.job(moved.ID)); d != "" {
		fx.Errorf("the job that moved:%s", d)
	}
	if got := fx.job(refused.ID); got.FailureCount != 0 || len(got.Failures) != 0 {
		fx.Errorf("the job that was refused has %d failures", got.FailureCount)
	}
	fx.wantGone(doomed.ID)
}

func changeDeletes(fx *fixture) {
	ids := fx.oneOfEach()
	j := fx.run(fx.newJob())
	fx.extend(store.Extension{Ref: j.Ref(), Checkpoints: []store.Checkpoint{{Name: "c", Value: null}}})
	fx.finish(store.Outcome{Ref: j.Ref(), Move: discardIt, Result: null, Failure: &store.Failure{Message: "m"}})
	fx.Checkpoint()
	deletable := store.EveryState &^ running
	for s, id := range ids {
		// Deleting wins over the cases, which are for the other states.
		changed := fx.change(store.Change{IDs: []store.ID{id}, Delete: deletable, Cases: []store.Move{{From: deletable, To: store.Pending}}})
		if s == store.Running {
			if want := []store.Refusal{{ID: id, State: s}}; !slices.Equal(changed.Refused, want) {
				fx.Errorf("refused %v, want %v", changed.Refused, want)
			}
			continue
		}
		fx.wantIDs("deleted from "+s.String(), changed.Done, []store.ID{id})
		fx.wantGone(id)
	}
	fx.change(store.Change{IDs: []store.ID{j.ID}, Delete: deletable})
	fx.Checkpoint()
	fx.wantGone(j.ID)
	// The parts are gone too: the id can be used again, and has none.
	fresh := fx.newJob()
	fresh.ID, fresh.Args = j.ID, nil
	fx.enqueue(fresh)
	if d := diff(fresh, fx.job(j.ID)); d != "" {
		fx.Errorf("a new job inherited something:%s", d)
	}
	if gone := fx.change(store.Change{IDs: []store.ID{ids[store.Completed]}, Delete: deletable}); len(gone.Missing) != 1 {
		fx.Errorf("deleting twice: got %+v, want it missing", gone)
	}
}

func changeConsumesOnce(fx *fixture) {
	j := fx.newJob()
	j.Kept = true
	j = fx.run(j)
	consume := store.Change{IDs: []store.ID{j.ID}, Consume: store.FinalStates}
	if got := fx.change(consume); !slices.Equal(got.Refused, []store.Refusal{{ID: j.ID, State: store.Running}}) {
		fx.Errorf("a running job was consumed: %+v", got)
	}
	fx.finish(store.Outcome{Ref: j.Ref(), Move: completeIt, Result: text("taken")})
	fx.Checkpoint()
	before := fx.job(j.ID)
	fx.wantIDs("consumed", fx.change(consume).Done, []store.ID{j.ID})
	fx.Checkpoint()
	want := before
	want.Consumed, want.Kept = true, false
	if d := diff(want, fx.job(j.ID)); d != "" {
		fx.Errorf("after it was consumed:%s", d)
	}
	if got := fx.change(consume); !slices.Equal(got.Refused, []store.Refusal{{ID: j.ID, State: store.Completed}}) {
		fx.Errorf("it was consumed twice: %+v", got)
	}
	// What is not kept any more is pruned.
	fx.maintain(store.Budget{Limit: 10, Prune: []store.Retention{{State: store.Completed, Before: fx.Now().Add(time.Hour)}}})
	fx.wantGone(j.ID)
}

func changeAllOrNothing(fx *fixture) {
	a, b := fx.newJob(), fx.newJob()
	fx.enqueue(a, b)
	fx.Checkpoint()
	fx.unchanged("Change to a state that is none", func() error {
		_, err := fx.Change(fx.Context(), store.Change{IDs: []store.ID{a.ID, b.ID}, Cases: []store.Move{{From: waiting, To: 99}}})
		return err
	})
	ids := make([]store.ID, fx.Caps().MaxBatch+1)
	for i := range ids {
		ids[i] = fx.ids.next()
	}
	ids[0] = a.ID
	err := fx.unchanged("Change of too many", func() error {
		_, err := fx.Change(fx.Context(), store.Change{IDs: ids, Cases: []store.Move{cancelIt}})
		return err
	})
	fx.wantError("Change of too many", err, store.ErrTooLarge)
}
