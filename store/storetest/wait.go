package storetest

import (
	"context"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var waitCases = []scenario{
	{"returns at once when there is a job", waitReturnsAtOnce},
	{"is woken by whatever makes a job available", waitIsWoken},
	{"is woken by a suspect", waitIsWokenBySuspect},
	{"sleeps on what it does not want", waitSleepsOn},
	{"claims nothing when its context ends", waitEndsWithContext},
	{"gives each job to one of many", waitOneOfMany},
	{"ends when the store is closed", waitEndsWithClose},
}

func waitReturnsAtOnce(fx *fixture) {
	jobs := fx.newJobs(3)
	fx.enqueue(jobs...)
	fx.Checkpoint()
	req := request(2)
	req.Wait = true
	fx.wantIDs("claimed", idsOf(fx.claimWith(req).Jobs), idsOf(jobs[:2]))
}

// wake is a way in which a job becomes available: prepare brings about the state
// before, and returns the job and the last step.
type wake struct {
	name    string
	prepare func(fx *fixture) (store.ID, func())
}

var wakes = []wake{
	{"enqueue", func(fx *fixture) (store.ID, func()) {
		j := fx.newJob()
		return j.ID, func() { fx.enqueue(j) }
	}},
	{"promote", func(fx *fixture) (store.ID, func()) {
		j := fx.scheduled(-time.Second)
		fx.enqueue(j)
		return j.ID, func() { fx.maintain(store.Budget{Promote: promoteIt, Limit: 10}) }
	}},
	{"resume", func(fx *fixture) (store.ID, func()) {
		j := fx.newJob()
		fx.enqueue(j)
		fx.putQueue(store.QueueInfo{Name: "q", Paused: true})
		return j.ID, func() { fx.putQueue(store.QueueInfo{Name: "q"}) }
	}},
	{"unhold", func(fx *fixture) (store.ID, func()) {
		j := fx.newJob()
		j.State = store.Pending
		fx.enqueue(j)
		return j.ID, func() { fx.move(j.ID, unholdIt) }
	}},
	{"operator retry", func(fx *fixture) (store.ID, func()) {
		j := fx.run(fx.newJob())
		fx.end(j, discardIt)
		return j.ID, func() { fx.move(j.ID, againIt) }
	}},
	{"release", func(fx *fixture) (store.ID, func()) {
		j := fx.run(fx.newJob())
		return j.ID, func() { fx.end(j, releaseIt) }
	}},
	{"next", func(fx *fixture) (store.ID, func()) {
		j, next := fx.run(fx.newJob()), fx.newJob()
		return next.ID, func() {
			fx.finish(store.Outcome{Ref: j.Ref(), Move: completeIt, Next: []store.Job{next}})
		}
	}},
	{"fire", func(fx *fixture) (store.ID, func()) {
		j, slot := fx.newJob(), fx.Now()
		fx.putSchedule(store.Schedule{Name: "s", Spec: "@daily", Slot: slot})
		return j.ID, func() {
			if fired, err := fx.Fire(fx.Context(), "s", slot, slot.Add(time.Hour), []store.Job{j}); !fired || err != nil {
				fx.Errorf("Fire: %v, %v", fired, err)
			}
		}
	}},
}

func waitIsWoken(fx *fixture) {
	for _, w := range wakes {
		id, last := w.prepare(fx)
		fx.Checkpoint()
		waiting := fx.standing(fx.Context(), request(1))
		fx.wantWaiting(waiting)
		last()
		a := <-waiting
		if a.err != nil {
			fx.Fatalf("%s: %v", w.name, a.err)
		}
		fx.wantIDs(w.name, idsOf(a.Jobs), []store.ID{id})
		fx.wantState(id, store.Running)
		fx.end(a.Jobs[0], completeIt)
	}
}

func waitIsWokenBySuspect(fx *fixture) {
	j := fx.run(fx.newJob())
	fx.Checkpoint()
	together, single := fx.standing(fx.Context(), request(1)), fx.standing(fx.Context(), alone())
	fx.wantWaiting(together)
	fx.wantWaiting(single)
	fx.move(j.ID, recoverIt)
	got := <-single
	fx.wantIDs("alone", idsOf(got.Jobs), []store.ID{j.ID})
	// The other one is told, unless the suspect was gone before it could look.
	fx.settle()
	select {
	case a := <-together:
		if a.err != nil || len(a.Jobs) != 0 || !a.Suspects {
			fx.Errorf("got %v, suspects %v, %v, want a suspect reported", idsOf(a.Jobs), a.Suspects, a.err)
		}
	default:
		fx.move(j.ID, recoverIt)
		if a := <-together; a.err != nil || len(a.Jobs) != 0 || !a.Suspects {
			fx.Errorf("got %v, suspects %v, %v, want a suspect reported", idsOf(a.Jobs), a.Suspects, a.err)
		}
	}
}

func waitSleepsOn(fx *fixture) {
	fx.putQueue(store.QueueInfo{Name: "paused", Paused: true})
	fx.Checkpoint()
	req := store.ClaimRequest{Move: claimMove, Kinds: []string{"k"}, Want: []store.Want{want("q", 1), want("paused", 1)}}
	waiting := fx.standing(fx.Context(), req)
	otherKind, otherQueue, paused, held := fx.newJob(), fx.newJob(), fx.newJob(), fx.newJob()
	otherKind.Kind, otherQueue.Queue, paused.Queue, held.State = "x", "other", "paused", store.Pending
	fx.enqueue(otherKind, otherQueue, paused, held, fx.scheduled(time.Hour))
	fx.wantWaiting(waiting)
	wanted := fx.newJob()
	fx.enqueue(wanted)
	a := <-waiting
	fx.wantIDs("claimed", idsOf(a.Jobs), []store.ID{wanted.ID})
}

func waitEndsWithContext(fx *fixture) {
	ctx, cancel := context.WithCancel(fx.Context())
	waiting := fx.standing(ctx, request(1))
	fx.wantWaiting(waiting)
	cancel()
	a := <-waiting
	fx.wantError("Claim", a.err, context.Canceled)
	if len(a.Jobs) != 0 {
		fx.Errorf("it returned %v besides", idsOf(a.Jobs))
	}
	fx.Checkpoint()
	j := fx.newJob()
	fx.enqueue(j)
	fx.settle()
	fx.wantState(j.ID, store.Available)
	fx.claimJob(j.ID)

	// The context ends in the very moment when a job arrives: it is one or the other.
	for range 20 {
		ctx, cancel := context.WithCancel(fx.Context())
		waiting := fx.standing(ctx, request(1))
		j := fx.newJob()
		go cancel()
		fx.enqueue(j)
		a := <-waiting
		fx.settle()
		if a.err != nil {
			fx.wantError("Claim", a.err, context.Canceled)
			fx.wantState(j.ID, store.Available)
			fx.claimJob(j.ID)
			continue
		}
		fx.wantIDs("claimed", idsOf(a.Jobs), []store.ID{j.ID})
	}
}

func waitOneOfMany(fx *fixture) {
	fx.Checkpoint()
	const n = 8
	ctx, cancel := context.WithCancel(fx.Context())
	var waiting []<-chan answer
	for range n {
		waiting = append(waiting, fx.standing(ctx, request(1)))
	}
	jobs := fx.newJobs(n / 2)
	fx.enqueue(jobs...)
	fx.settle()
	cancel()
	claims := map[store.ID]int{}
	for _, w := range waiting {
		for _, j := range (<-w).Jobs {
			claims[j.ID]++
		}
	}
	// Outside a bubble the context may have ended before the last was served.
	for _, j := range fx.claim(n) {
		claims[j.ID]++
	}
	for _, j := range jobs {
		if claims[j.ID] != 1 {
			fx.Errorf("job %s was claimed %d times", j.ID, claims[j.ID])
		}
	}
}

func waitEndsWithClose(fx *fixture) {
	fx.Checkpoint()
	waiting := fx.standing(fx.Context(), request(1))
	fx.closed = true
	if err := fx.Close(); err != nil {
		fx.Errorf("Close: %v", err)
	}
	fx.wantError("Claim", (<-waiting).err, store.ErrClosed)
}
