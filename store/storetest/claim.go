package storetest

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var claimCases = []scenario{
	{"takes by priority, time and id", claimOrder},
	{"takes no more than wanted", claimLimits},
	{"takes only what is available", claimOnlyAvailable},
	{"applies the move", claimAppliesMove},
	{"raises the claim number every time", claimRaisesNumber},
	{"skips paused queues", claimSkipsPaused},
	{"skips kinds that are not wanted", claimSkipsKinds},
	{"finds its kind behind many others", claimBehindMany},
	{"heeds a context that has ended", claimHeedsContext},
}

func claimOrder(fx *fixture) {
	t := fx.Now()
	type key struct {
		priority int16
		runAt    time.Time
	}
	// In the order in which they must come out; equal keys go by id.
	keys := []key{
		{math.MinInt16, t}, {-1, t.Add(time.Minute)}, {0, t.AddDate(-60, 0, 0)},
		{0, t.Add(-time.Nanosecond)}, {0, t}, {0, t}, {0, t.Add(time.Nanosecond)}, {1, t.Add(-time.Hour)},
		{255, t}, {256, t.Add(-time.Hour)}, {math.MaxInt16, t},
	}
	var jobs []store.Job
	for _, k := range keys {
		j := fx.newJob()
		j.Priority, j.RunAt = k.priority, k.runAt
		jobs = append(jobs, j)
	}
	// Enqueue them shuffled, in two calls.
	var shuffled []store.Job
	for i := range jobs {
		shuffled = append(shuffled, jobs[(i*7+3)%len(jobs)])
	}
	fx.enqueue(shuffled[:4]...)
	fx.Checkpoint()
	fx.enqueue(shuffled[4:]...)
	got := fx.claim(5)
	fx.Checkpoint()
	got = append(got, fx.claim(100)...)
	fx.wantIDs("claimed", idsOf(got), idsOf(jobs))
}

func claimLimits(fx *fixture) {
	queues := []string{"a", "ab", "b"}
	for _, q := range queues {
		for range 5 {
			j := fx.newJob()
			j.Queue = q
			fx.enqueue(j)
		}
	}
	fx.Checkpoint()
	req := store.ClaimRequest{Move: claimMove, Want: []store.Want{want("a", 2), want("ab", 0), want("b", 9), want("none", 3)}}
	got := map[string]int{}
	for _, j := range fx.claimWith(req).Jobs {
		got[j.Queue]++
	}
	if got["a"] != 2 || got["ab"] != 0 || got["b"] != 5 {
		fx.Errorf("claimed %v, want 2 of a and 5 of b", got)
	}
	if c := fx.claimWith(store.ClaimRequest{Move: claimMove}); len(c.Jobs) != 0 || c.Suspects {
		fx.Errorf("nothing was wanted, got %+v", c)
	}
}

func claimOnlyAvailable(fx *fixture) {
	held, later, overdue := fx.newJob(), fx.scheduled(time.Hour), fx.scheduled(-time.Hour)
	held.State = store.Pending
	done, retried, ready := fx.newJob(), fx.newJob(), fx.newJob()
	fx.end(fx.run(done), completeIt)
	fx.end(fx.run(retried), retryAt(fx.Now().Add(-time.Second)))
	fx.enqueue(held, later, overdue, ready)
	fx.Checkpoint()
	fx.wantIDs("claimed", idsOf(fx.claim(10)), []store.ID{ready.ID})
	fx.wantIDs("claimed again", idsOf(fx.claim(10)), nil)
}

func claimAppliesMove(fx *fixture) {
	j := fx.newJob()
	j.Args, j.Reason = blob(3000), ""
	fx.enqueue(j)
	fx.Checkpoint()
	before := fx.Now()
	got := fx.claimJob(j.ID)
	after := fx.Now()
	want := j
	want.State, want.Attempt, want.Claim, want.ArgsSize = store.Running, 1, 1, len(j.Args)
	want.AttemptedAt = got.AttemptedAt
	if d := diff(want, got); d != "" {
		fx.Errorf("the claimed job:%s", d)
	}
	if got.AttemptedAt.Before(before) || got.AttemptedAt.After(after) {
		fx.Errorf("AttemptedAt is %v, want it between %v and %v", got.AttemptedAt, before, after)
	}
	fx.Checkpoint()
	if d := diff(want, fx.job(j.ID)); d != "" {
		fx.Errorf("the job on record:%s", d)
	}
}

func claimRaisesNumber(fx *fixture) {
	j := fx.newJob()
	fx.enqueue(j)
	var last uint64
	for range 4 {
		got := fx.claimJob(j.ID)
		if got.Claim <= last {
			fx.Fatalf("claim %d follows claim %d", got.Claim, last)
		}
		last = got.Claim
		fx.end(got, releaseIt)
		fx.Checkpoint()
		if now := fx.job(j.ID); now.Claim != last || now.Attempt != 0 {
			fx.Errorf("after the release: claim %d, attempt %d, want %d and 0", now.Claim, now.Attempt, last)
		}
	}
}

func claimSkipsPaused(fx *fixture) {
	a, b := fx.newJob(), fx.newJob()
	b.Queue = "b"
	fx.enqueue(a, b)
	fx.putQueue(store.QueueInfo{Name: "q", Paused: true})
	fx.Checkpoint()
	both := store.ClaimRequest{Move: claimMove, Want: []store.Want{want("q", 5), want("b", 5)}}
	fx.wantIDs("claimed while q is paused", idsOf(fx.claimWith(both).Jobs), []store.ID{b.ID})
	fx.putQueue(store.QueueInfo{Name: "q"})
	fx.Checkpoint()
	fx.wantIDs("claimed after q was resumed", idsOf(fx.claimWith(both).Jobs), []store.ID{a.ID})
}

func claimSkipsKinds(fx *fixture) {
	var jobs []store.Job
	for i, kind := range []string{"x", "a", "y", "b", "x", "a"} {
		j := fx.newJob()
		j.Kind, j.Priority = kind, int16(i)
		jobs = append(jobs, j)
	}
	fx.enqueue(jobs...)
	fx.Checkpoint()
	req := request(10)
	req.Kinds = []string{"b", "a", "unheard of"}
	fx.wantIDs("kinds a and b", idsOf(fx.claimWith(req).Jobs), idsOf([]store.Job{jobs[1], jobs[3], jobs[5]}))
	for _, i := range []int{0, 2, 4} {
		fx.wantState(jobs[i].ID, store.Available)
	}
	fx.Checkpoint()
	req.Kinds = []string{"y"}
	fx.wantIDs("kind y", idsOf(fx.claimWith(req).Jobs), idsOf(jobs[2:3]))
	req.Kinds = nil
	fx.wantIDs("all kinds", idsOf(fx.claimWith(req).Jobs), idsOf([]store.Job{jobs[0], jobs[4]}))
}

// Jobs that nobody has a handler for come first here. They must neither hide the
// others nor be lost.
func claimBehindMany(fx *fixture) {
	const many = 1500
	var parked []store.Job
	for i := range many {
		j := fx.newJob()
		j.Kind, j.Priority = fmt.Sprint("unknown", i%3), -1
		parked = append(parked, j)
	}
	known := fx.newJobs(20)
	fx.enqueue(parked...)
	fx.enqueue(known...)
	fx.Checkpoint()
	req := request(1)
	req.Kinds = []string{"k"}
	for _, want := range known {
		fx.wantIDs("a known kind", idsOf(fx.claimWith(req).Jobs), []store.ID{want.ID})
	}
	fx.wantIDs("no known kind is left", idsOf(fx.claimWith(req).Jobs), nil)
	fx.Checkpoint()
	fx.wantIDs("with handlers for all", idsOf(fx.claim(2*many)), idsOf(parked))
}

func claimHeedsContext(fx *fixture) {
	j := fx.newJob()
	fx.enqueue(j)
	ctx, cancel := context.WithCancel(fx.Context())
	cancel()
	req := request(1)
	req.Wait = true
	_, err := fx.Claim(ctx, req)
	fx.wantError("Claim", err, context.Canceled)
	fx.settle()
	fx.Checkpoint()
	fx.wantState(j.ID, store.Available)
	fx.claimJob(j.ID)
}
