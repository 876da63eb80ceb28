package storetest

import (
	"slices"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var uniqueCases = []scenario{
	{"names the holder", namesTheHolder},
	{"until final", uniqueUntilFinal},
	{"until start", uniqueUntilStart},
	{"until deleted", uniqueUntilDeleted},
	{"is freed in the commit that ends its job", freedInTheCommit},
	{"is freed by cancelling and deleting", freedByChange},
	{"belongs to one job after a retry", oneHolderAfterRetry},
}

// keyed makes a job with a unique key.
func (fx *fixture) keyed(key string, until store.Until) store.Job {
	j := fx.newJob()
	j.Unique, j.UniqueUntil = key, until
	return j
}

// wantHeld checks that a key is held by the job.
func (fx *fixture) wantHeld(key string, by store.ID) {
	fx.Helper()
	j := fx.keyed(key, store.UntilFinal)
	if a := fx.enqueueAs(j); !a.Existing || a.ID != by {
		fx.Errorf("key %q: got %+v, want it held by %s", key, a, by)
	}
	fx.wantGone(j.ID)
	fx.wantHolder(key, by)
}

// wantHolder asks for the holder, if the store can tell. A zero one is none.
func (fx *fixture) wantHolder(key string, want store.ID) {
	fx.Helper()
	keys, ok := fx.Store.(store.Keys)
	if !ok {
		return
	}
	if id, held, err := keys.Holder(fx.Context(), key); err != nil || id != want || held == want.IsZero() {
		fx.Errorf("the holder of %q is %s, %v, %v, want %s", key, id, held, err, want)
	}
}

// wantFree checks that a key is held by nobody: it takes the key with a pending job,
// and deletes that.
func (fx *fixture) wantFree(key string) {
	fx.Helper()
	fx.wantHolder(key, store.ID{})
	j := fx.keyed(key, store.UntilFinal)
	j.State = store.Pending
	if a := fx.enqueueAs(j); a.Existing {
		fx.Errorf("key %q is held by %s, want it free", key, a.ID)
		return
	}
	fx.change(store.Change{IDs: []store.ID{j.ID}, Delete: store.EveryState})
}

func namesTheHolder(fx *fixture) {
	holder := fx.keyed("key", store.UntilFinal)
	fx.enqueue(holder)
	fx.Checkpoint()
	fx.wantHeld("key", holder.ID)

	// A key is one, whatever the queue and the kind.
	elsewhere := fx.keyed("key", store.UntilFinal)
	elsewhere.Queue, elsewhere.Kind = "other", "other"
	if a := fx.enqueueAs(elsewhere); !a.Existing || a.ID != holder.ID {
		fx.Errorf("from another queue: got %+v, want the holder named", a)
	}

	// The first of a call holds it against the second.
	a, b := fx.keyed("both", store.UntilFinal), fx.keyed("both", store.UntilFinal)
	answers, err := fx.Enqueue(fx.Context(), []store.Job{a, b})
	if err != nil || answers[0].Existing || answers[1] != (store.Enqueued{ID: a.ID, Existing: true}) {
		fx.Errorf("two in one call: got %+v, %v", answers, err)
	}

	// Its own job, enqueued again, does not conflict with it.
	if a := fx.enqueueAs(holder); !a.Existing || a.ID != holder.ID {
		fx.Errorf("the holder again: got %+v", a)
	}
	fx.wantFree("another")
}

func uniqueUntilFinal(fx *fixture) {
	for _, last := range []store.Move{completeIt, discardIt} {
		j := fx.keyed("key", store.UntilFinal)
		first := fx.run(j)
		fx.Checkpoint()
		fx.wantHeld("key", j.ID)
		fx.end(first, retryAt(fx.Now().Add(-time.Second)))
		fx.wantHeld("key", j.ID)
		fx.maintain(store.Budget{Promote: promoteIt, Limit: 10})
		fx.wantHeld("key", j.ID)
		fx.end(fx.claimJob(j.ID), last)
		fx.Checkpoint()
		fx.wantFree("key")
	}
}

func uniqueUntilStart(fx *fixture) {
	j := fx.keyed("key", store.UntilStart)
	fx.enqueue(j)
	fx.wantHeld("key", j.ID)
	first := fx.claimJob(j.ID)
	fx.Checkpoint()
	next := fx.keyed("key", store.UntilStart)
	next.State = store.Pending
	fx.enqueue(next)

	// The first is tried again, and ends, while the next one holds the key.
	fx.end(first, releaseIt)
	fx.wantHeld("key", next.ID)
	second := fx.claimJob(j.ID)
	fx.Checkpoint()
	fx.wantHeld("key", next.ID)
	fx.end(second, completeIt)
	fx.wantHeld("key", next.ID)
	fx.change(store.Change{IDs: []store.ID{j.ID}, Delete: store.EveryState})
	fx.wantHeld("key", next.ID)
}

func uniqueUntilDeleted(fx *fixture) {
	b := fx.putBatch(newBatch("b"))
	for _, remove := range []func(j store.Job){
		func(j store.Job) {
			fx.change(store.Change{IDs: []store.ID{j.ID}, Delete: store.FinalStates})
		},
		func(store.Job) {
			fx.maintain(store.Budget{Limit: 10, Prune: []store.Retention{{State: store.Completed, Before: fx.Now().Add(time.Hour)}}})
		},
	} {
		j := fx.keyed("key", store.UntilDeleted)
		fx.end(fx.run(j), completeIt)
		fx.Checkpoint()
		fx.wantHeld("key", j.ID)
		remove(j)
		fx.wantGone(j.ID)
		fx.wantFree("key")
	}
	m := fx.member(b, 0)
	m.Unique, m.UniqueUntil = "key", store.UntilDeleted
	fx.enqueue(m)
	fx.move(m.ID, cancelIt)
	fx.wantHeld("key", m.ID)
	fx.deleteBatch("b", 10)
	fx.Checkpoint()
	fx.wantFree("key")
}

func freedInTheCommit(fx *fixture) {
	j := fx.run(fx.keyed("key", store.UntilFinal))
	next := fx.keyed("key", store.UntilFinal)
	held := fx.finish(store.Outcome{Ref: j.Ref(), Move: completeIt, Next: []store.Job{next}})
	if !held[0] {
		fx.Fatal("Finish was refused")
	}
	fx.Checkpoint()
	fx.wantState(next.ID, store.Available)
	fx.wantHeld("key", next.ID)

	// A job that stays holds its key against what follows it.
	j = fx.claimJob(next.ID)
	follower := fx.keyed("key", store.UntilFinal)
	fx.finish(store.Outcome{Ref: j.Ref(), Move: releaseIt, Next: []store.Job{follower}})
	fx.wantState(j.ID, store.Available)
	fx.wantGone(follower.ID)
	fx.wantHeld("key", j.ID)
}

func freedByChange(fx *fixture) {
	cancelled, deleted := fx.keyed("cancelled", store.UntilFinal), fx.keyed("deleted", store.UntilFinal)
	fx.enqueue(cancelled, deleted)
	fx.Checkpoint()
	fx.move(cancelled.ID, cancelIt)
	fx.change(store.Change{IDs: []store.ID{deleted.ID}, Delete: store.EveryState})
	fx.Checkpoint()
	fx.wantFree("cancelled")
	fx.wantFree("deleted")
}

// A job that lost its key when it was finalised may be retried by an operator. If
// another has the key by then, the retry is refused: at most one holds it.
func oneHolderAfterRetry(fx *fixture) {
	j := fx.keyed("key", store.UntilFinal)
	fx.end(fx.run(j), discardIt)
	other := fx.keyed("key", store.UntilFinal)
	other.State = store.Pending
	fx.enqueue(other)
	fx.Checkpoint()
	before := fx.job(j.ID)
	retry := store.Change{IDs: []store.ID{j.ID}, Cases: []store.Move{againIt}, Failure: &store.Failure{Message: "m"}}
	changed := fx.change(retry)
	if want := []store.Refusal{{ID: j.ID, State: store.Discarded}}; !slices.Equal(changed.Refused, want) {
		fx.Errorf("a retry without the key: got %+v, want it refused", changed)
	}
	if d := diff(before, fx.job(j.ID)); d != "" {
		fx.Errorf("the refused retry changed something:%s", d)
	}
	fx.wantHeld("key", other.ID)

	// When the key is free the job takes it back.
	fx.move(other.ID, cancelIt)
	fx.Checkpoint()
	fx.move(j.ID, againIt)
	fx.wantHeld("key", j.ID)
	fx.end(fx.claimJob(j.ID), completeIt)
	fx.Checkpoint()
	fx.wantFree("key")
}
