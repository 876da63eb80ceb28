package storetest

import (
	"time"

	"github.com/bgq-dev/bgq/store"
)

var watchCases = []scenario{
	{"hints at every change of a job", watchJob},
	{"hints at what is due earlier", watchDue},
	{"hints at control", watchControl},
	{"hints at the settings of a queue", watchQueue},
	{"hints after the commit can be read", watchAfterCommit},
	{"holds one hint, and hinders nobody", watchHoldsOne},
	{"ends when it is stopped", watchStops},
}

// wantHint runs a step, and checks that a watch of these topics gets a hint by it.
func (fx *fixture) wantHint(what string, step func(), topics ...store.Topic) {
	fx.Helper()
	hints, stop := fx.Watch(topics...)
	defer stop()
	step()
	fx.settle()
	if fx.harness.Network {
		<-hints
		return
	}
	select {
	case <-hints:
	default:
		fx.Errorf("%s: no hint", what)
	}
}

func onJob(id store.ID) store.Topic { return store.Topic{What: store.OnJob, ID: id} }

func watchJob(fx *fixture) {
	fx.Checkpoint()
	j, other := fx.scheduled(-time.Minute), fx.newJob()
	id := j.ID
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"promote", func() { fx.maintain(promote(5)) }},
		{"claim", func() { j = fx.claimJob(id) }},
		{"retry", func() { fx.end(j, retryAt(fx.Now().Add(-time.Second))) }},
		{"hold", func() { fx.move(id, holdIt) }},
		{"unhold", func() { fx.move(id, unholdIt) }},
		{"claim again", func() { j = fx.claimJob(id) }},
		{"complete", func() { fx.end(j, completeIt) }},
		{"operator retry", func() { fx.move(id, againIt) }},
		{"cancel", func() { fx.move(id, cancelIt) }},
		{"prune", func() { fx.maintain(prune(fx.Now().Add(time.Hour), 5, store.Cancelled)) }},
	} {
		if step.name == "promote" {
			fx.enqueue(j)
		}
		fx.wantHint(step.name, step.do, onJob(other.ID), onJob(id))
	}
	fx.enqueue(other)
	fx.wantHint("delete", func() { fx.change(store.Change{IDs: []store.ID{other.ID}, Delete: store.EveryState}) }, onJob(other.ID))
	b := fx.putBatch(newBatch("b"))
	m := fx.member(b, 0)
	fx.enqueue(m)
	fx.wantHint("delete the batch", func() { fx.deleteBatch("b", 5) }, onJob(m.ID))
}

func watchDue(fx *fixture) {
	fx.Checkpoint()
	onDue := store.Topic{What: store.OnDue}
	late, early, held := fx.scheduled(2*time.Hour), fx.scheduled(time.Hour), fx.newJob()
	fx.wantHint("the first scheduled job", func() { fx.enqueue(late) }, onDue)
	fx.wantHint("an earlier one", func() { fx.enqueue(early) }, onDue)
	j := fx.run(held)
	fx.wantHint("a retry that is earlier still", func() { fx.end(j, retryAt(fx.Now().Add(time.Minute))) }, onDue)
	fx.wantHint("rescheduled", func() {
		fx.move(late.ID, store.Move{From: due, To: store.Scheduled, RunAt: fx.Now().Add(time.Second)})
	}, onDue)
	j = fx.run(fx.newJob())
	next := fx.scheduled(time.Millisecond)
	fx.wantHint("a job that follows", func() {
		fx.finish(store.Outcome{Ref: j.Ref(), Move: completeIt, Next: []store.Job{next}})
	}, onDue)
}

func watchControl(fx *fixture) {
	fx.Checkpoint()
	onControl := store.Topic{What: store.OnControl}
	j := fx.run(fx.newJob())
	fx.wantHint("cancelled while running", func() { fx.move(j.ID, cancelIt) }, onControl)
	w := fx.newJob()
	fx.enqueue(w)
	fx.wantHint("cancelled while waiting", func() { fx.move(w.ID, cancelIt) }, onControl)
	fx.wantHint("paused", func() { fx.putQueue(store.QueueInfo{Name: "q", Paused: true}) }, onControl)
	fx.wantHint("resumed", func() { fx.putQueue(store.QueueInfo{Name: "q"}) }, onControl)
}

// A reader that is woken reads the truth. If a hint could come before its commit, this
// reader would miss the end now and then, and wait for ever.
func watchAfterCommit(fx *fixture) {
	fx.Checkpoint()
	for range 100 {
		j := fx.run(fx.newJob())
		hints, stop := fx.Watch(onJob(j.ID))
		seen := make(chan store.State, 1)
		go func() {
			for range hints {
				jobs, err := fx.Get(fx.Context(), []store.ID{j.ID}, store.HeadOnly)
				if err != nil {
					seen <- 0
					return
				}
				if jobs[0].State.Final() {
					seen <- jobs[0].State
					return
				}
			}
		}()
		fx.end(j, completeIt)
		if s := <-seen; s != store.Completed {
			fx.Fatalf("the reader saw %s", s)
		}
		stop()
	}
}

func watchHoldsOne(fx *fixture) {
	fx.Checkpoint()
	j := fx.newJob()
	fx.enqueue(j)
	hints, stop := fx.Watch(onJob(j.ID))
	defer stop()
	for range 5 { // nobody reads the hints meanwhile
		fx.move(j.ID, holdIt)
		fx.move(j.ID, unholdIt)
	}
	fx.settle()
	<-hints
	select {
	case <-hints:
		fx.Error("there was more than one hint in the channel")
	default:
	}
}

func watchStops(fx *fixture) {
	fx.Checkpoint()
	j := fx.newJob()
	fx.enqueue(j)
	hints, stop := fx.Watch(onJob(j.ID))
	other, stopOther := fx.Watch(onJob(j.ID))
	defer stopOther()
	stop()
	stop() // twice is fine
	fx.move(j.ID, holdIt)
	fx.settle()
	select {
	case _, open := <-hints:
		if open {
			fx.Error("a hint came after the end of the watch")
		}
	default:
	}
	<-other
}
