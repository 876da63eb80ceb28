package queue_test

import (
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// whyNotCases are about what keeps a job from running.
var whyNotCases = []whyCase{
	{
		name:    "no handler",
		arrange: func(f *fixture) store.ID { return f.enqueue(queue.NewJob{Kind: "k"})[0] },
		at:      alive(2, "l", "m"),
		says:    []string{`no handler for kind "k": the job waits`},
		actions: []queue.Action{queue.ActStart},
	},
	{
		name:    "no handler of any kind",
		arrange: func(f *fixture) store.ID { return f.enqueue(queue.NewJob{Kind: "k", Hold: true})[0] },
		at:      queue.Circumstances{Live: true, Kinds: []string{}},
		says:    []string{"It is held", "no handler"},
		actions: []queue.Action{queue.ActRelease, queue.ActStart},
	},
	{
		name:    "queue without workers",
		arrange: func(f *fixture) store.ID { return f.enqueue(queue.NewJob{Kind: "k"})[0] },
		at:      alive(0, "k"),
		says:    []string{`no worker for queue "default"`},
		actions: []queue.Action{queue.ActStart},
	},
	{
		name:    "queue that nobody serves",
		arrange: func(f *fixture) store.ID { return f.enqueue(queue.NewJob{Kind: "k", Queue: "unheard of"})[0] },
		at:      alive(3),
		says:    []string{`no worker for queue "unheard of"`},
		actions: []queue.Action{queue.ActStart},
	},
	{
		name:    "what a program that is gone could do does not matter",
		arrange: func(f *fixture) store.ID { return f.enqueue(queue.NewJob{Kind: "k"})[0] },
		at:      queue.Circumstances{Kinds: []string{"l"}, Served: map[string]int{}},
		says:    []string{`a handler for kind "k" has a free slot`, "nothing runs now"},
		actions: []queue.Action{queue.ActStart},
	},
	{
		name: "all workers are busy",
		arrange: func(f *fixture) store.ID {
			f.started(queue.NewJob{Kind: "k"}, queue.NewJob{Kind: "k"})
			return f.enqueue(queue.NewJob{Kind: "k"})[0]
		},
		at:   alive(2, "k"),
		says: []string{`as soon as one of the 2 workers of queue "default" is free; all of them are busy`},
	},
	{
		name: "a worker is free",
		arrange: func(f *fixture) store.ID {
			f.started(queue.NewJob{Kind: "k"})
			return f.enqueue(queue.NewJob{Kind: "k"})[0]
		},
		at:   alive(2, "k"),
		says: []string{`It may run at once: there is a handler for kind "k", and 1 of 2 workers of queue "default" are free`},
	},
	{
		name: "rate of the queue",
		arrange: func(f *fixture) store.ID {
			f.set(func(q *store.QueueInfo) { q.Rate = 2.5 })
			return f.enqueue(queue.NewJob{Kind: "k"})[0]
		},
		at:   live,
		says: []string{`Queue "default" starts at most 2.5 jobs a second: that is its rate limit.`, "free slot"},
	},
	{
		name: "paused by somebody",
		arrange: func(f *fixture) store.ID {
			ctx := store.WithAudit(f.t.Context(), store.Audit{Actor: store.Actor{Name: "ann", UID: 7}})
			if err := f.Pause(ctx, "default", "disk full"); err != nil {
				f.t.Fatal(err)
			}
			f.set(func(q *store.QueueInfo) { q.Rate = 1 })
			return f.enqueue(queue.NewJob{Kind: "k"})[0]
		},
		at:      live,
		says:    []string{`is paused since 2000-01-01T00:00:00Z (now) by ann ("disk full"): nothing is started`, "at most 1 job a second", "free slot"},
		actions: []queue.Action{queue.ActResume},
	},
	{
		name: "paused by a user without a name",
		arrange: func(f *fixture) store.ID {
			ctx := store.WithAudit(f.t.Context(), store.Audit{Actor: store.Actor{UID: 1000, PID: 5, Via: "socket"}})
			if err := f.Pause(ctx, "default", ""); err != nil {
				f.t.Fatal(err)
			}
			return f.enqueue(queue.NewJob{Kind: "k"})[0]
		},
		at:      alive(2, "k"),
		says:    []string{`(now) by user 1000: nothing is started`, "a free slot"},
		actions: []queue.Action{queue.ActResume},
	},
	{
		name: "held, with a reason",
		arrange: func(f *fixture) store.ID {
			id := f.enqueue(queue.NewJob{Kind: "k"})[0]
			f.apply(queue.Order{Verb: queue.Hold, IDs: []store.ID{id}, Reason: "ask first"})
			return id
		},
		at:      live,
		says:    []string{`It is held ("ask first")`},
		actions: []queue.Action{queue.ActRelease},
	},
	{
		name: "another has its unique key",
		arrange: func(f *fixture) store.ID {
			unique := queue.Unique{Key: "invoice-7"}
			id := f.attempt(queue.NewJob{Kind: "k", MaxAttempts: 1, Unique: unique}, queue.Attempt{Verdict: queue.Failed, Failure: failure("no ink")})
			f.enqueue(queue.NewJob{ID: rival, Kind: "k", Unique: unique})
			return id
		},
		says:    []string{"its only attempt failed", "no ink", "It cannot be retried while job " + rival.String() + ` holds its unique key "invoice-7".`},
		actions: []queue.Action{queue.ActShow},
	},
	{
		name: "its unique key is free again",
		arrange: func(f *fixture) store.ID {
			id := f.enqueue(queue.NewJob{Kind: "k", Unique: queue.Unique{Key: "u"}})[0]
			f.apply(queue.Order{Verb: queue.Cancel, IDs: []store.ID{id}})
			return id
		},
		says:    []string{"It was cancelled"},
		actions: []queue.Action{queue.ActRetry},
	},
	{
		name: "a key until the start is not needed any more",
		arrange: func(f *fixture) store.ID {
			unique := queue.Unique{Key: "u", Until: store.UntilStart}
			id := f.attempt(queue.NewJob{Kind: "k", MaxAttempts: 1, Unique: unique}, queue.Attempt{Verdict: queue.Failed, Failure: failure("no ink")})
			f.enqueue(queue.NewJob{Kind: "k", Unique: unique, RunAt: time.Now().Add(time.Hour)})
			return id
		},
		says:    []string{"no ink"},
		actions: []queue.Action{queue.ActShow, queue.ActRetry},
	},
}

// rival is the id of a job that holds what another would need.
var rival = store.NewID()

// set changes the settings of the queue "default".
func (f *fixture) set(change func(*store.QueueInfo)) {
	f.t.Helper()
	if _, err := f.SetQueue(f.t.Context(), "default", change); err != nil {
		f.t.Fatal(err)
	}
}

// apply orders something that must be done to every job.
func (f *fixture) apply(o queue.Order) {
	f.t.Helper()
	if done, err := f.Apply(f.t.Context(), o); err != nil || len(done.Done) != len(o.IDs) {
		f.t.Fatalf("%s: %+v, %v", o.Verb, done, err)
	}
}
