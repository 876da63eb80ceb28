package storetest

import (
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var tokenCases = []scenario{
	{"names the job that carries it", namesTheBearer},
	{"is taken in every state", tokenInEveryState},
	{"is freed with its job", tokenFreed},
	{"holds for what follows, and for schedules", tokenElsewhere},
	{"comes after the id, and before the unique key", tokenAndOthers},
	{"is checked", tokenChecked},
}

// carrying makes a job with a token.
func (fx *fixture) carrying(token string) store.Job {
	j := fx.newJob()
	j.Token = token
	return j
}

// wantCarried checks that the token is taken, and by whom.
func (fx *fixture) wantCarried(token string, by store.ID) {
	fx.Helper()
	j := fx.carrying(token)
	if a := fx.enqueueAs(j); a != (store.Enqueued{ID: by, Existing: true}) {
		fx.Errorf("token %q: got %+v, want that of job %s", token, a, by)
	}
	fx.wantGone(j.ID)
}

func namesTheBearer(fx *fixture) {
	j := fx.carrying("order-7")
	fx.enqueue(j, fx.carrying("order-8"), fx.newJob(), fx.newJob())
	fx.Checkpoint()
	if got := fx.job(j.ID); got.Token != "order-7" {
		fx.Errorf("the token is %q", got.Token)
	}
	fx.wantCarried("order-7", j.ID)
	elsewhere := fx.carrying("order-7")
	elsewhere.Queue, elsewhere.Kind, elsewhere.State = "other", "other", store.Pending
	if a := fx.enqueueAs(elsewhere); !a.Existing || a.ID != j.ID {
		fx.Errorf("from another queue: got %+v", a)
	}

	// The first of a call takes it before the second.
	a, b := fx.carrying("both"), fx.carrying("both")
	answers, err := fx.Enqueue(fx.Context(), []store.Job{a, b})
	if err != nil || answers[0].Existing || answers[1] != (store.Enqueued{ID: a.ID, Existing: true}) {
		fx.Errorf("two in one call: got %+v, %v", answers, err)
	}
	fx.wantGone(b.ID)
}

func tokenInEveryState(fx *fixture) {
	j := fx.carrying("t")
	fx.enqueue(j)
	for _, step := range []func(){
		func() { fx.move(j.ID, holdIt) },
		func() { fx.move(j.ID, unholdIt) },
		func() { fx.end(fx.claimJob(j.ID), retryAt(fx.Now().Add(-time.Second))) },
		func() { fx.maintain(promote(5)) },
		func() { j = fx.claimJob(j.ID) },
		func() { fx.end(j, completeIt) },
		func() { fx.change(store.Change{IDs: []store.ID{j.ID}, Consume: store.FinalStates}) },
		func() { fx.move(j.ID, againIt) },
		func() { fx.move(j.ID, cancelIt) },
	} {
		step()
		fx.Checkpoint()
		fx.wantCarried("t", j.ID)
		if got := fx.job(j.ID).Token; got != "t" {
			fx.Fatalf("the token has become %q", got)
		}
	}
}

func tokenFreed(fx *fixture) {
	b := fx.putBatch(newBatch("b"))
	for _, remove := range []func(store.ID){
		func(id store.ID) { fx.change(store.Change{IDs: []store.ID{id}, Delete: store.EveryState}) },
		func(id store.ID) {
			fx.move(id, cancelIt)
			fx.maintain(prune(fx.Now().Add(time.Hour), 5, store.Cancelled))
		},
	} {
		j := fx.carrying("t")
		fx.enqueue(j)
		remove(j.ID)
		fx.Checkpoint()
		fx.wantGone(j.ID)
	}
	m := fx.member(b, 0)
	m.Token = "t"
	fx.enqueue(m)
	fx.wantCarried("t", m.ID)
	fx.deleteBatch("b", 5)
	fx.Checkpoint()
	fx.enqueue(fx.carrying("t"))
}

func tokenElsewhere(fx *fixture) {
	first, second, third := fx.carrying("t"), fx.carrying("t"), fx.carrying("u")
	j := fx.run(fx.newJob())
	fx.finish(store.Outcome{Ref: j.Ref(), Move: completeIt, Next: []store.Job{first, second, third}})
	fx.Checkpoint()
	fx.wantIDs("what follows", fx.present(first.ID, second.ID, third.ID), []store.ID{first.ID, third.ID})

	slot := fx.Now().Add(time.Hour)
	if err := fx.PutSchedule(fx.Context(), store.Schedule{Name: "s", Spec: "@hourly", Slot: slot}); err != nil {
		fx.Fatal(err)
	}
	again, fresh := fx.carrying("u"), fx.carrying("v")
	fired, err := fx.Fire(fx.Context(), "s", slot, slot.Add(time.Hour), []store.Job{again, fresh})
	if err != nil || !fired {
		fx.Fatalf("Fire: %v, %v", fired, err)
	}
	fx.Checkpoint()
	fx.wantIDs("fired", fx.present(again.ID, fresh.ID), []store.ID{fresh.ID})
	fx.wantCarried("v", fresh.ID)
}

func tokenAndOthers(fx *fixture) {
	holder, bearer := fx.keyed("key", store.UntilFinal), fx.carrying("t")
	fx.enqueue(holder, bearer)
	fx.Checkpoint()
	both := fx.keyed("key", store.UntilFinal)
	both.Token = "t"
	if a := fx.enqueueAs(both); a.ID != bearer.ID || !a.Existing {
		fx.Errorf("with both: got %+v, want the job with the token", a)
	}
	both.Token = "free"
	if a := fx.enqueueAs(both); a.ID != holder.ID || !a.Existing {
		fx.Errorf("with a free token: got %+v, want the holder of the key", a)
	}
	again := holder
	again.Token = "t"
	if a := fx.enqueueAs(again); a.ID != holder.ID || !a.Existing {
		fx.Errorf("its own id: got %+v", a)
	}
	// None of those that were not stored has taken anything.
	fx.enqueue(fx.carrying("free"))
	if got := fx.job(holder.ID).Token; got != "" {
		fx.Errorf("the holder has got the token %q", got)
	}
}

func tokenChecked(fx *fixture) {
	for _, token := range []string{"a\x00b", "\xff", strings.Repeat("x", 1<<16)} {
		j := fx.carrying(token)
		_ = fx.unchanged("a bad token", func() error {
			_, err := fx.Enqueue(fx.Context(), []store.Job{fx.newJob(), j})
			return err
		})
	}
	fx.Checkpoint()
	long := fx.carrying(strings.Repeat("x", 1000))
	fx.enqueue(long)
	fx.wantCarried(long.Token, long.ID)
}
