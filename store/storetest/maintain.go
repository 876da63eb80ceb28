package storetest

import (
	"slices"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var maintainCases = []scenario{
	{"promotes what is due, the earliest first", maintainPromotes},
	{"names the next due time", maintainNextDue},
	{"prunes by state and age", maintainPrunes},
	{"prunes past what is kept", maintainPrunesPastKept},
	{"prunes every part", maintainPrunesParts},
	{"stays within its limit", maintainLimit},
}

func promote(limit int) store.Budget { return store.Budget{Promote: promoteIt, Limit: limit} }

// prune asks for everything in these states that was finalised before t.
func prune(t time.Time, limit int, states ...store.State) store.Budget {
	b := store.Budget{Limit: limit}
	for _, s := range states {
		b.Prune = append(b.Prune, store.Retention{State: s, Before: t})
	}
	return b
}

func maintainPromotes(fx *fixture) {
	first, second, third, fourth := fx.scheduled(-3*time.Hour), fx.scheduled(-2*time.Hour), fx.newJob(), fx.scheduled(0)
	retried := fx.run(third)
	fx.end(retried, retryAt(fx.Now().Add(-time.Hour)))
	first.Priority, fourth.Priority = 5, -5 // no matter: time alone decides who is promoted
	fx.enqueue(fourth, second, first)
	held := fx.scheduled(-time.Hour)
	held.State = store.Pending
	later := fx.scheduled(time.Hour)
	fx.enqueue(held, later)
	for i, id := range []store.ID{first.ID, second.ID, third.ID, fourth.ID} {
		fx.Checkpoint()
		before := fx.job(id)
		if m := fx.maintain(promote(1)); m.Promoted != 1 || m.Pruned != 0 {
			fx.Fatalf("step %d: got %+v, want 1 promoted", i, m)
		}
		want := before
		want.State = store.Available
		if d := diff(want, fx.job(id)); d != "" {
			fx.Errorf("step %d:%s", i, d)
		}
	}
	if m := fx.maintain(promote(10)); m.Promoted != 0 || m.More {
		fx.Errorf("nothing is due: got %+v", m)
	}
	fx.wantState(held.ID, store.Pending)
	fx.wantState(later.ID, store.Scheduled)
	fx.wantIDs("claimed", idsOf(fx.claim(10)), []store.ID{fourth.ID, second.ID, third.ID, first.ID})
}

func maintainNextDue(fx *fixture) {
	wantNext := func(want time.Time) {
		fx.Helper()
		if m := fx.maintain(promote(10)); !m.NextDue.Equal(want) {
			fx.Errorf("NextDue is %v, want %v", m.NextDue, want)
		}
	}
	wantNext(time.Time{})
	late, early := fx.scheduled(2*time.Hour), fx.scheduled(time.Hour)
	fx.enqueue(late)
	wantNext(late.RunAt)
	fx.enqueue(early)
	fx.Checkpoint()
	wantNext(early.RunAt)
	soon := fx.Now().Add(time.Minute)
	fx.end(fx.run(fx.newJob()), retryAt(soon))
	fx.enqueue(fx.scheduled(-time.Second))
	wantNext(soon)
	// What leaves the waiting states no longer counts.
	retried := fx.list(store.ListRequest{Filter: store.Filter{States: store.SetOf(store.Retryable)}})
	fx.move(retried[0].ID, cancelIt)
	fx.move(early.ID, holdIt)
	fx.Checkpoint()
	wantNext(late.RunAt)
	fx.change(store.Change{IDs: []store.ID{late.ID}, Delete: store.EveryState})
	wantNext(time.Time{})

	// While due jobs are left over, it is theirs.
	overdue := []store.Job{fx.scheduled(-3 * time.Hour), fx.scheduled(-2 * time.Hour)}
	fx.enqueue(overdue...)
	fx.Checkpoint()
	if m := fx.maintain(promote(1)); !m.NextDue.Equal(overdue[1].RunAt) || !m.More {
		fx.Errorf("got %+v, want more, and %v", m, overdue[1].RunAt)
	}
}

func maintainPrunes(fx *fixture) {
	finals := []store.Move{completeIt, cancelIt, discardIt}
	generation := func() []store.ID {
		var ids []store.ID
		for _, m := range finals {
			j := fx.run(fx.newJob())
			fx.end(j, m)
			ids = append(ids, j.ID)
		}
		return ids
	}
	old := generation()
	fx.tick()
	border := fx.Now()
	fx.tick()
	young := generation()
	alive := fx.oneOfEach()
	fx.Checkpoint()

	// Only the states that are named, and only what is older.
	m := fx.maintain(prune(border, 100, store.Completed))
	if m.Pruned != 1 || m.More {
		fx.Errorf("got %+v, want 1 pruned", m)
	}
	fx.wantIDs("left", fx.present(old...), old[1:])
	fx.Checkpoint()
	b := prune(border, 100, store.Discarded)
	b.Prune = append(b.Prune, store.Retention{State: store.Cancelled, Before: fx.Now().Add(time.Hour)})
	fx.maintain(b)
	fx.wantGone(old...)
	fx.wantIDs("left of the young", fx.present(young...), []store.ID{young[0], young[2]})
	fx.maintain(prune(fx.job(young[0]).FinalisedAt, 100, store.Completed))
	fx.wantState(young[0], store.Completed) // not before that moment, but at it

	// What is not final is never pruned.
	fx.maintain(prune(fx.Now().Add(time.Hour), 100, store.AllStates()...))
	fx.Checkpoint()
	fx.wantGone(young...)
	for s, id := range alive {
		if s.Final() {
			fx.wantGone(id)
		} else {
			fx.wantState(id, s)
		}
	}
	if gone := fx.change(store.Change{IDs: old[:1], Cases: []store.Move{cancelIt}}); !slices.Equal(gone.Missing, old[:1]) {
		fx.Errorf("a pruned job is %+v, want it missing", gone)
	}
}

// The oldest are all kept. A sweep that always looks at the first few would never
// get past them.
func maintainPrunesPastKept(fx *fixture) {
	var kept, loose []store.ID
	for i := range 30 {
		j := fx.newJob()
		j.Kept = i < 20
		fx.end(fx.run(j), completeIt)
		if j.Kept {
			kept = append(kept, j.ID)
		} else {
			loose = append(loose, j.ID)
		}
		fx.tick()
	}
	fx.Checkpoint()
	pruned, calls := 0, 0
	for {
		m := fx.maintain(prune(fx.Now(), 4, store.Completed))
		pruned += m.Pruned
		if calls++; !m.More || calls == 100 {
			break
		}
	}
	if pruned != len(loose) {
		fx.Errorf("%d jobs were pruned in %d calls, want %d", pruned, calls, len(loose))
	}
	fx.Checkpoint()
	fx.wantGone(loose...)
	fx.wantIDs("kept", fx.present(kept...), kept)
}

func maintainPrunesParts(fx *fixture) {
	j := fx.run(fx.newJob())
	fx.extend(store.Extension{Ref: j.Ref(), Checkpoints: []store.Checkpoint{{Name: "c", Value: null}}})
	fx.finish(store.Outcome{Ref: j.Ref(), Move: discardIt, Result: null, Failure: &store.Failure{Message: "m"}})
	fx.maintain(prune(fx.Now().Add(time.Hour), 10, store.Discarded))
	fx.Checkpoint()
	fx.wantGone(j.ID)
	fresh := fx.newJob()
	fresh.ID, fresh.Args = j.ID, nil
	fx.enqueue(fresh)
	if d := diff(fresh, fx.job(j.ID)); d != "" {
		fx.Errorf("a new job inherited something:%s", d)
	}
}

func maintainLimit(fx *fixture) {
	for range 5 {
		fx.end(fx.run(fx.newJob()), completeIt)
	}
	for range 5 {
		fx.enqueue(fx.scheduled(-time.Minute))
	}
	fx.Checkpoint()
	b := prune(fx.Now().Add(time.Hour), 3, store.Completed)
	b.Promote = promoteIt
	var promoted, pruned int
	for calls := 1; ; calls++ {
		m := fx.maintain(b) // checks the limit
		promoted, pruned = promoted+m.Promoted, pruned+m.Pruned
		if m.Promoted+m.Pruned == b.Limit && !m.More {
			fx.Error("the limit was reached, and More is false")
		}
		if !m.More {
			break
		}
		if calls == 20 {
			fx.Fatal("More for ever")
		}
		fx.Checkpoint()
	}
	if promoted != 5 || pruned != 5 {
		fx.Errorf("%d promoted and %d pruned, want 5 and 5", promoted, pruned)
	}
}
