package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var eventCases = []scenario{
	{"tell every change in order", eventsInOrder},
	{"tell both steps of a job that is handed out at once", eventsHandedOut},
	{"tell of queues", eventsOfQueues},
	{"tell nothing of what changed nothing", eventsNothing},
	{"go on from any place", eventsResume},
	{"wait for the next one", eventsWait},
	{"have a gap where the place is not known", eventsGap},
	{"end with their store", eventsClosed},
	{"reach each of many watchers once and in order", eventsCrowd},
}

// feed is a reader of a feed that has come to a place.
type feed struct {
	store.Feed
	at string
}

// feed begins to read, or ends the case if the store has no feed.
func (fx *fixture) feed() *feed {
	fx.Helper()
	f, ok := fx.Store.(store.Feed)
	if !ok {
		fx.Checkpoint()
		fx.Skip("this store has no feed")
	}
	return &feed{f, f.Position()}
}

// rest reads all events up to now.
func (fx *fixture) rest(f *feed) []store.Event {
	fx.Helper()
	var all []store.Event
	for f.at != f.Position() {
		events, next, gap, err := f.Events(fx.Context(), f.at, 3)
		if err != nil || gap || len(events) == 0 || len(events) > 3 || events[len(events)-1].Pos != next {
			fx.Fatalf("Events: %+v, next %q, gap %v, %v", events, next, gap, err)
		}
		all, f.at = append(all, events...), next
	}
	return all
}

// steps writes events shortly.
func steps(events []store.Event) string {
	name := func(s store.State) string {
		if s == 0 {
			return "-"
		}
		return s.String()
	}
	var texts []string
	for _, e := range events {
		texts = append(texts, fmt.Sprintf("%s>%s", name(e.From), name(e.To)))
	}
	return strings.Join(texts, " ")
}

func (fx *fixture) wantSteps(f *feed, want string) []store.Event {
	fx.Helper()
	events := fx.rest(f)
	if got := steps(events); got != want {
		fx.Errorf("the events are %s\n\twant %s", got, want)
	}
	return events
}

func eventsInOrder(fx *fixture) {
	fx.Checkpoint()
	f := fx.feed()
	b := fx.putBatch(newBatch("b"))
	j := fx.member(b, 7)
	j.Queue = "q"
	j.State, j.RunAt = store.Scheduled, fx.Now().Add(-time.Minute)
	began := fx.Now()
	fx.enqueue(j)
	fx.maintain(promote(5))
	j = fx.claimJob(j.ID)
	fx.extend(store.Extension{Ref: j.Ref(), Progress: &store.Progress{Done: 1}, Lines: fx.lines("a")})
	fx.finish(store.Outcome{Ref: j.Ref(), Move: retryAt(fx.Now().Add(-time.Second)), Failure: &store.Failure{Message: "m"}})
	fx.move(j.ID, holdIt)
	fx.move(j.ID, unholdIt)
	j = fx.claimJob(j.ID)
	next := fx.newJob()
	fx.finish(store.Outcome{Ref: j.Ref(), Move: completeIt, Next: []store.Job{next}})
	fx.change(store.Change{IDs: []store.ID{j.ID}, Consume: store.FinalStates})
	fx.change(store.Change{IDs: []store.ID{j.ID}, Delete: store.EveryState})
	events := fx.wantSteps(f, "->scheduled scheduled>available available>running running>retryable retryable>pending "+
		"pending>available available>running running>completed ->available completed>-")
	for i, e := range events {
		want := store.Event{Pos: e.Pos, At: e.At, Job: j.ID, Kind: "k", Queue: "q", Batch: "b", Index: 7, From: e.From, To: e.To}
		want.Attempt = []int{0, 0, 1, 1, 1, 1, 2, 2, 0, 2}[i]
		want.FailureCount = []int{0, 0, 0, 1, 1, 1, 1, 1, 0, 1}[i]
		if i == 8 {
			want.Job, want.Batch, want.Index = next.ID, "", 0
		}
		if e != want {
			fx.Errorf("event %d: %+v, want %+v", i, e, want)
		}
		if e.At.Before(began) || e.At.After(fx.Now()) || e.At.Location() != time.UTC || i > 0 && e.At.Before(events[i-1].At) {
			fx.Errorf("event %d is of %v", i, e.At)
		}
	}
}

func eventsHandedOut(fx *fixture) {
	fx.Checkpoint()
	f := fx.feed()
	waits := fx.standing(fx.Context(), request(1))
	j := fx.newJob()
	fx.enqueue(j)
	if a := <-waits; a.err != nil || len(a.Jobs) != 1 {
		fx.Fatalf("Claim: %+v", a)
	}
	events := fx.wantSteps(f, "->available available>running")
	if len(events) == 2 && (events[0].Attempt != 0 || events[1].Attempt != 1) {
		fx.Errorf("the attempts are %d and %d", events[0].Attempt, events[1].Attempt)
	}
}

func eventsOfQueues(fx *fixture) {
	fx.Checkpoint()
	f := fx.feed()
	fx.putQueue(store.QueueInfo{Name: "q", Paused: true})
	events := fx.rest(f)
	if len(events) != 1 || !events[0].Job.IsZero() || events[0].Queue != "q" {
		fx.Errorf("got %+v, want one event without a job", events)
	}
}

func eventsNothing(fx *fixture) {
	fx.Checkpoint()
	fresh := fx.newJob()
	j := fx.run(fresh)
	f := fx.feed()
	fx.enqueueAs(fresh)
	fx.claim(5)
	fx.extend(store.Extension{Ref: j.Ref(), Progress: &store.Progress{Done: 1}})
	fx.finish(store.Outcome{Ref: store.Ref{ID: j.ID, Claim: j.Claim + 1}, Move: completeIt})
	fx.change(store.Change{IDs: []store.ID{j.ID, fx.ids.next()}, Cases: []store.Move{holdIt}})
	fx.maintain(promote(5))
	fx.wantSteps(f, "")
}

func eventsResume(fx *fixture) {
	fx.Checkpoint()
	f := fx.feed()
	begin := f.at
	fx.enqueue(fx.newJobs(20)...)
	all := fx.rest(f)
	if len(all) != 20 {
		fx.Fatalf("%d events, want 20", len(all))
	}
	for _, limit := range []int{0, 1, 7, 20, 1000} {
		for i := range all {
			after := begin
			if i > 0 {
				after = all[i-1].Pos
			}
			n := len(all) - i
			if limit > 0 {
				n = min(n, limit)
			}
			events, next, gap, err := f.Events(fx.Context(), after, limit)
			if err != nil || gap || !slices.Equal(events, all[i:i+n]) || next != all[i+n-1].Pos {
				fx.Fatalf("Events after %d with the limit %d: %d events, next %q, gap %v, %v", i, limit, len(events), next, gap, err)
			}
		}
	}
}

// told is what a call of Events came back with.
type told struct {
	events []store.Event
	next   string
	gap    bool
	err    error
}

// listen calls Events in another goroutine, and returns when it waits or has its answer.
func (fx *fixture) listen(ctx context.Context, f store.Feed, after string) <-chan told {
	answers := make(chan told, 1)
	go func() {
		events, next, gap, err := f.Events(ctx, after, 0)
		answers <- told{events, next, gap, err}
	}()
	fx.settle()
	return answers
}

func eventsWait(fx *fixture) {
	fx.Checkpoint()
	f := fx.feed()
	fx.enqueue(fx.newJob()) // before "now"
	ctx, cancel := context.WithCancel(fx.Context())
	called, now, after := fx.listen(ctx, f, ""), fx.listen(fx.Context(), f, ""), fx.listen(fx.Context(), f, f.Position())
	cancel()
	if a := <-called; !errors.Is(a.err, context.Canceled) || len(a.events) > 0 || a.gap {
		fx.Errorf("called off: %+v", a)
	}
	if _, _, _, err := f.Events(ctx, "", 0); !errors.Is(err, context.Canceled) {
		fx.Errorf("with a context that has ended: %v", err)
	}
	if fx.harness.Network { // "now" may be later than we think
		return
	}
	j := fx.newJob()
	fx.enqueue(j)
	for _, answers := range []<-chan told{now, after} {
		a := <-answers
		if a.err != nil || a.gap || len(a.events) != 1 || a.events[0].Job != j.ID || a.next != f.Position() {
			fx.Errorf("got %+v, want the event of job %s", a, j.ID)
		}
	}
}

func eventsGap(fx *fixture) {
	f := fx.feed()
	fx.enqueue(fx.newJobs(2)...)
	all := fx.rest(f)
	fx.Checkpoint()
	if fx.reopen {
		g := fx.feed()
		for _, after := range []string{all[0].Pos, all[1].Pos} {
			events, next, gap, err := g.Events(fx.Context(), after, 5)
			if err != nil || !gap || len(events) > 0 || next != g.at {
				fx.Errorf("a place from before: %+v, next %q, gap %v, %v", events, next, gap, err)
			}
		}
		fx.enqueue(fx.newJob())
		fx.wantSteps(g, "->available")
		return
	}
	for _, after := range []string{"x", "-", "9-9", all[1].Pos + "0", "\x00", strings.Repeat("9", 1000)} {
		events, next, gap, err := f.Events(fx.Context(), after, 5)
		if err != nil || !gap || !slices.Equal(events, all) || next != all[1].Pos {
			fx.Errorf("a place that is none, %.20q: %+v, next %q, gap %v, %v", after, events, next, gap, err)
		}
	}
}

func eventsClosed(fx *fixture) {
	fx.Checkpoint()
	f := fx.feed()
	waits := fx.listen(fx.Context(), f, f.at)
	fx.closed = true
	if err := fx.Close(); err != nil {
		fx.Fatalf("Close: %v", err)
	}
	fx.wantError("Events while the store was closed", (<-waits).err, store.ErrClosed)
	_, _, _, err := f.Events(fx.Context(), "", 0)
	fx.wantError("Events of a closed store", err, store.ErrClosed)
	f.Position()
}

// Writers and watchers in one crowd: the steps of each job follow upon each other, and
// each watcher sees all of them once.
func eventsCrowd(fx *fixture) {
	fx.Checkpoint()
	f := fx.feed()
	const each, watchers = 20, 5
	jobs := fx.newJobs(each * workers)
	done := make(chan map[store.ID]string, watchers)
	for w := range watchers {
		go func() {
			seen, at, ended := map[store.ID]string{}, f.at, 0
			defer func() { done <- seen }()
			for ended < len(jobs) {
				events, next, gap, err := f.Events(fx.Context(), at, 1+w*10)
				if err != nil || gap {
					fx.Errorf("Events: gap %v, %v", gap, err)
					return
				}
				for _, e := range events {
					seen[e.Job] += steps([]store.Event{e}) + " "
					if e.To.Final() {
						ended++
					}
				}
				at = next
			}
		}()
	}
	together(func(w int) {
		for _, j := range jobs[w*each : (w+1)*each] {
			if _, err := fx.Enqueue(fx.Context(), []store.Job{j}); err != nil {
				fx.Errorf("Enqueue: %v", err)
			}
			c, err := fx.Claim(fx.Context(), request(1))
			if err != nil {
				fx.Errorf("Claim: %v", err)
			}
			if _, err := fx.Finish(fx.Context(), completed(c.Jobs)); err != nil {
				fx.Errorf("Finish: %v", err)
			}
		}
	})
	for range watchers {
		seen := <-done
		for _, j := range jobs {
			if got := seen[j.ID]; got != "->available available>running running>completed " {
				fx.Errorf("a watcher saw of job %s: %s", j.ID, got)
			}
		}
	}
}
