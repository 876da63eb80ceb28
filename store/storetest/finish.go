package storetest

import (
	"slices"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var finishCases = []scenario{
	{"completes with a result", finishCompletes},
	{"tells a nil result from none", finishNilResult},
	{"keeps values of any size", finishSizes},
	{"appends failures", finishAppendsFailures},
	{"applies the move", finishAppliesMove},
	{"stores what follows in the same commit", finishStoresNext},
	{"stores all or nothing", finishAllOrNothing},
	{"does nothing for no outcomes", finishNothing},
}

func finishCompletes(fx *fixture) {
	j := fx.run(fx.newJob())
	fx.Checkpoint()
	result := blob(7000)
	before := fx.Now()
	held := fx.finish(store.Outcome{Ref: j.Ref(), Move: completeIt, Result: result})
	after := fx.Now()
	if !held[0] {
		fx.Fatal("Finish was refused")
	}
	fx.Checkpoint()
	got := fx.job(j.ID)
	want := j
	want.State, want.Result, want.ResultSize, want.FinalisedAt = store.Completed, result, len(result), got.FinalisedAt
	if d := diff(want, got); d != "" {
		fx.Errorf("the completed job:%s", d)
	}
	if got.FinalisedAt.Before(before) || got.FinalisedAt.After(after) {
		fx.Errorf("FinalisedAt is %v, want it between %v and %v", got.FinalisedAt, before, after)
	}
	// Reading does not consume.
	if again := fx.job(j.ID); !slices.Equal(again.Result, result) {
		fx.Error("the result is gone after it was read")
	}
	fx.wantIDs("claimed", idsOf(fx.claim(1)), nil)
}

func finishNilResult(fx *fixture) {
	none, null1 := fx.run(fx.newJob()), fx.run(fx.newJob())
	fx.finish(store.Outcome{Ref: none.Ref(), Move: completeIt}, store.Outcome{Ref: null1.Ref(), Move: completeIt, Result: null})
	fx.Checkpoint()
	if got := fx.job(none.ID); got.Result != nil || got.ResultSize != 0 {
		fx.Errorf("no result was stored, got %v of size %d", got.Result, got.ResultSize)
	}
	if got := fx.job(null1.ID); !slices.Equal(got.Result, null) || got.ResultSize != 1 {
		fx.Errorf("a nil result was stored, got %v of size %d", got.Result, got.ResultSize)
	}
}

// finishSizes walks the results of a job up and down through sizes that a store may keep
// in different places, beside arguments of such sizes.
func finishSizes(fx *fixture) {
	for _, size := range []int{8, 255, 256, 257, 4096} {
		j := fx.newJob()
		j.Args, j.ArgsSize = blob(size), size
		fx.enqueue(j)
		for _, size := range []int{1000, 8, 257, 256, 70_000, 255} {
			running := fx.claimJob(j.ID)
			if !slices.Equal(running.Args, j.Args) {
				fx.Fatalf("claimed with %d bytes of arguments that are not those stored", len(running.Args))
			}
			result := blob(size)
			fx.finish(store.Outcome{Ref: running.Ref(), Move: completeIt, Result: result})
			fx.Checkpoint()
			got := fx.job(j.ID)
			if !slices.Equal(got.Result, result) || got.ResultSize != size || !slices.Equal(got.Args, j.Args) {
				fx.Fatalf("%d bytes of result became %d, %d bytes of arguments became %d", size, len(got.Result), len(j.Args), len(got.Args))
			}
			fx.move(j.ID, store.Move{From: store.SetOf(store.Completed), To: store.Available, Grant: true})
			if got := fx.job(j.ID); !slices.Equal(got.Result, result) {
				fx.Fatalf("the result of %d bytes changed when the job was made available again", size)
			}
		}
		fx.change(store.Change{IDs: []store.ID{j.ID}, Delete: store.EveryState})
	}
}

func finishAppendsFailures(fx *fixture) {
	j := fx.newJob()
	fx.enqueue(j)
	var want []store.Failure
	for attempt := 1; attempt <= 3; attempt++ {
		running := fx.claimJob(j.ID)
		f := store.Failure{
			At: fx.Now(), Attempt: attempt, Kind: store.FailPanic, Message: "boom ☃",
			Chain: []store.Cause{{Message: "outer", Type: "*fs.PathError"}, {Message: "inner", Type: "syscall.Errno", Code: "enoent"}},
			Stack: "goroutine 1", Output: "last words",
		}
		last := retryAt(fx.Now())
		if attempt == 3 {
			last = discardIt
			f = store.Failure{At: fx.Now(), Attempt: attempt, Kind: store.FailError, Message: "the least"}
		}
		want = append(want, f)
		if held := fx.finish(store.Outcome{Ref: running.Ref(), Move: last, Failure: &f}); !held[0] {
			fx.Fatal("Finish was refused")
		}
		fx.Checkpoint()
		got := fx.job(j.ID)
		expect := got
		expect.Failures, expect.FailureCount = want, attempt
		if d := diff(expect, got); d != "" {
			fx.Fatalf("after attempt %d:%s", attempt, d)
		}
		fx.maintain(store.Budget{Promote: promoteIt, Limit: 10})
	}
	// The operator's retry keeps the history, and an attempt without failure adds none.
	fx.move(j.ID, againIt)
	fx.end(fx.claimJob(j.ID), completeIt)
	fx.Checkpoint()
	if got := fx.job(j.ID); got.FailureCount != 3 || len(got.Failures) != 3 {
		fx.Errorf("%d failures on record, FailureCount %d, want 3", len(got.Failures), got.FailureCount)
	}
}

func finishAppliesMove(fx *fixture) {
	later := fx.Now().Add(time.Hour)
	for _, c := range []struct {
		name string
		move store.Move
		want func(*store.Job) // what becomes of the running job
	}{
		{"retry", store.Move{From: running, To: store.Retryable, RunAt: later, Reason: "flaky"},
			func(j *store.Job) { j.State, j.RunAt, j.Reason = store.Retryable, later, "flaky" }},
		{"snooze", snoozeTo(later),
			func(j *store.Job) { j.State, j.RunAt, j.Attempt = store.Scheduled, later, 0 }},
		{"release", releaseIt,
			func(j *store.Job) { j.State, j.Attempt = store.Available, 0 }},
		{"recovery", recoverIt,
			func(j *store.Job) { j.State, j.Recoveries, j.Suspect = store.Available, 1, true }},
		{"grant", store.Move{From: running, To: store.Available, Grant: true},
			func(j *store.Job) { j.State, j.MaxAttempts = store.Available, 2 }},
		{"discard", discardIt,
			func(j *store.Job) { j.State, j.Reason = store.Discarded, "permanent" }},
		{"crash loop", crashLoopIt,
			func(j *store.Job) { j.State, j.Recoveries, j.Reason = store.Discarded, 1, "crash_loop" }},
	} {
		j := fx.newJob()
		j.MaxAttempts = 1
		j = fx.run(j)
		fx.Checkpoint()
		fx.end(j, c.move)
		fx.Checkpoint()
		want, got := j, fx.job(j.ID)
		c.want(&want)
		if final := c.move.To.Final(); final == got.FinalisedAt.IsZero() {
			fx.Errorf("%s: FinalisedAt is %v", c.name, got.FinalisedAt)
		}
		want.FinalisedAt = got.FinalisedAt
		if d := diff(want, got); d != "" {
			fx.Errorf("%s:%s", c.name, d)
		}
		fx.change(store.Change{IDs: []store.ID{j.ID}, Delete: store.EveryState})
	}
}

func finishStoresNext(fx *fixture) {
	j, lost := fx.run(fx.newJob()), fx.run(fx.newJob())
	fx.end(lost, completeIt)
	there := fx.newJob()
	there.State = store.Pending
	fx.enqueue(there)
	fx.Checkpoint()
	next, later, orphan := fx.newJob(), fx.scheduled(time.Hour), fx.newJob()
	held := fx.finish(
		store.Outcome{Ref: lost.Ref(), Move: completeIt, Next: []store.Job{orphan}},
		store.Outcome{Ref: j.Ref(), Move: completeIt, Next: []store.Job{next, there, later}},
	)
	if !slices.Equal(held, []bool{false, true}) {
		fx.Fatalf("Finish: %v", held)
	}
	fx.Checkpoint()
	fx.wantGone(orphan.ID)
	fx.wantState(there.ID, store.Pending)
	fx.wantState(later.ID, store.Scheduled)
	fx.claimJob(next.ID)
}

func finishAllOrNothing(fx *fixture) {
	a, b := fx.run(fx.newJob()), fx.run(fx.newJob())
	fx.Checkpoint()
	good := store.Outcome{Ref: a.Ref(), Move: completeIt, Result: null, Next: fx.newJobs(1)}
	nameless := fx.newJob()
	nameless.Queue = ""
	for what, bad := range map[string]store.Outcome{
		"a nameless job that follows":     {Ref: b.Ref(), Move: completeIt, Next: []store.Job{nameless}},
		"a result that is too large":      {Ref: b.Ref(), Move: completeIt, Result: blob(fx.Caps().MaxValue + 1)},
		"arguments that are too large":    {Ref: b.Ref(), Move: completeIt, Next: []store.Job{{ID: fx.ids.next(), Queue: "q", Kind: "k", State: store.Available, Args: blob(fx.Caps().MaxValue + 1)}}},
		"a move to a state that is none":  {Ref: b.Ref(), Move: store.Move{From: running, To: 99}},
		"a move that was never filled in": {Ref: b.Ref()},
	} {
		err := fx.unchanged("Finish with "+what, func() error {
			_, err := fx.Finish(fx.Context(), []store.Outcome{good, bad})
			return err
		})
		if large := bad.Result != nil || len(bad.Next) > 0 && bad.Next[0].Queue != ""; large {
			fx.wantError("Finish with "+what, err, store.ErrTooLarge)
		}
	}
	fx.Checkpoint()
	fx.end(a, completeIt)
	fx.end(b, completeIt)
}

func finishNothing(fx *fixture) {
	if held := fx.finish(); len(held) != 0 {
		fx.Errorf("got %v", held)
	}
	fx.Checkpoint()
}
