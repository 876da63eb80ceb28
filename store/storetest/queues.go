package storetest

import (
	"strings"

	"github.com/bgq-dev/bgq/store"
)

var queueCases = []scenario{
	{"come back as they were put, sorted", queuesComeBack},
	{"need a name", queuesNeedName},
	{"are counted by kind and state", queuesAreCounted},
}

func queuesComeBack(fx *fixture) {
	paused := store.QueueInfo{Name: "b", Paused: true, Reason: "the printer is on fire", Since: fx.Now()}
	for _, q := range []store.QueueInfo{paused, {Name: "c"}, {Name: "a", Reason: "x"}} {
		fx.putQueue(q)
	}
	fx.Checkpoint()
	fx.wantQueues(store.QueueInfo{Name: "a", Reason: "x"}, paused, store.QueueInfo{Name: "c"})
	fx.putQueue(store.QueueInfo{Name: "b"})
	fx.Checkpoint()
	fx.wantQueues(store.QueueInfo{Name: "a", Reason: "x"}, store.QueueInfo{Name: "b"}, store.QueueInfo{Name: "c"})
}

func (fx *fixture) wantQueues(want ...store.QueueInfo) {
	fx.Helper()
	got, err := fx.Queues(fx.Context())
	if err != nil {
		fx.Fatalf("Queues: %v", err)
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !got[i].Since.Equal(want[i].Since) ||
			got[i].Name != want[i].Name || got[i].Paused != want[i].Paused || got[i].Reason != want[i].Reason {
			fx.Fatalf("the queues are %+v, want %+v", got, want)
		}
	}
}

// watchQueue: whatever is set anew is hinted at, and what is as it was is not.
func watchQueue(fx *fixture) {
	fx.Checkpoint()
	onQueue, onControl := store.Topic{What: store.OnQueue}, store.Topic{What: store.OnControl}
	q := store.QueueInfo{Name: "q"}
	for _, step := range []struct {
		name    string
		change  func()
		control bool
	}{
		{"put for the first time", func() {}, false},
		{"workers", func() { q.Workers = 3 }, false},
		{"rate", func() { q.Rate = 0.5 }, false},
		{"pause", func() { q.Paused, q.Since = true, fx.Now() }, true},
		{"another reason", func() { q.Reason = "why" }, false},
		{"resume", func() { q = store.QueueInfo{Name: "q"} }, true},
	} {
		step.change()
		control, stop := fx.Watch(onControl)
		fx.wantHint(step.name, func() { fx.putQueue(q) }, onQueue)
		if !fx.harness.Network && (len(control) == 1) != step.control {
			fx.Errorf("%s: hinted at control: %v", step.name, !step.control)
		}
		stop()
	}
	hints, stop := fx.Watch(onQueue, onControl)
	defer stop()
	fx.putQueue(q)
	if !fx.harness.Network && len(hints) > 0 {
		fx.Error("settings that are there already are hinted at")
	}
}

func queuesNeedName(fx *fixture) {
	for _, name := range []string{"", "a\x00b", strings.Repeat("x", 1<<16)} {
		if err := fx.PutQueue(fx.Context(), store.QueueInfo{Name: name}); err == nil {
			fx.Errorf("a queue with a name of %d bytes was put", len(name))
		}
	}
	fx.Checkpoint()
	fx.wantQueues()
}

func queuesAreCounted(fx *fixture) {
	if rows, err := fx.Count(fx.Context()); err != nil || len(rows) != 0 {
		fx.Errorf("an empty store counts %v, %v", rows, err)
	}
	j := fx.newJob()
	other := fx.newJob()
	other.Queue, other.Kind, other.State = "q2", "k2", store.Pending
	fx.enqueue(j, other)
	fx.Checkpoint()
	for _, step := range []struct {
		state store.State
		do    func()
	}{
		{store.Available, func() {}},
		{store.Running, func() { j = fx.claimJob(j.ID) }},
		{store.Retryable, func() { fx.end(j, retryAt(fx.Now())) }},
		{store.Available, func() { fx.maintain(promote(5)) }},
		{store.Cancelled, func() { fx.move(j.ID, cancelIt) }},
		{0, func() { fx.change(store.Change{IDs: []store.ID{j.ID}, Delete: store.EveryState}) }},
	} {
		step.do()
		fx.Checkpoint()
		want := map[counter]int64{{"q2", "k2", store.Pending}: 1}
		if step.state != 0 {
			want[counter{"q", "k", step.state}] = 1
		}
		rows, err := fx.Count(fx.Context())
		if err != nil || len(rows) != len(want) {
			fx.Fatalf("Count: %+v, %v, want %v", rows, err, want)
		}
		for _, row := range rows {
			if want[counter{row.Queue, row.Kind, row.State}] != row.N {
				fx.Errorf("Count: %+v, want %v", rows, want)
			}
		}
	}
}
