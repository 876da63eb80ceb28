package storetest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var enqueueCases = []scenario{
	{"stores every field", storesEveryField},
	{"gives times in UTC", givesTimesInUTC},
	{"stores in each initial state", storesInitialStates},
	{"keeps the job that was first", keepsTheFirst},
	{"answers in order", answersInOrder},
	{"refuses other states", refusesOtherStates},
	{"refuses bad names", refusesBadNames},
	{"refuses what is too large", refusesTooLarge},
	{"takes the largest", takesTheLargest},
	{"does nothing for no jobs", enqueuesNothing},
	{"heeds a context that has ended", enqueueHeedsContext},
}

func storesEveryField(fx *fixture) {
	now := fx.Now()
	want := store.Job{
		ID: fx.ids.next(), Queue: "mail", Kind: "send", State: store.Scheduled, Priority: -7,
		RunAt: now.Add(time.Hour + time.Nanosecond), CreatedAt: now.Add(-time.Minute),
		MaxAttempts: 25, MaxRecoveries: 3,
		Unique: "mail:42", UniqueUntil: store.UntilDeleted,
		Batch: "thread", Index: 42, Kept: true,
		Tags: []string{"acme", "ünïcode ☃"}, Timeout: 90 * time.Second,
		Trace:       "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		ArgsVersion: 2, Args: blob(5000),
	}
	fx.enqueue(want)
	fx.Checkpoint()
	want.ArgsSize = len(want.Args)
	if d := diff(want, fx.job(want.ID)); d != "" {
		fx.Errorf("the job came back different:%s", d)
	}

	least := store.Job{ID: fx.ids.next(), Queue: "q", Kind: "k", State: store.Available, RunAt: now, CreatedAt: now}
	fx.enqueue(least)
	fx.Checkpoint()
	if d := diff(least, fx.job(least.ID)); d != "" {
		fx.Errorf("the least job came back different:%s", d)
	}
}

func givesTimesInUTC(fx *fixture) {
	j := fx.newJob()
	j.RunAt = j.RunAt.In(time.FixedZone("far away", 9*3600))
	fx.enqueue(j)
	fx.Checkpoint()
	got := fx.job(j.ID)
	if got.RunAt.Location() != time.UTC || !got.RunAt.Equal(j.RunAt) {
		fx.Errorf("RunAt is %v, want %v in UTC", got.RunAt, j.RunAt)
	}
	if !got.AttemptedAt.IsZero() || !got.FinalisedAt.IsZero() {
		fx.Errorf("AttemptedAt %v and FinalisedAt %v, want zero", got.AttemptedAt, got.FinalisedAt)
	}
}

func storesInitialStates(fx *fixture) {
	for _, s := range []store.State{store.Pending, store.Available, store.Scheduled} {
		j := fx.newJob()
		j.State = s
		fx.enqueue(j)
		fx.Checkpoint()
		fx.wantState(j.ID, s)
	}
}

func keepsTheFirst(fx *fixture) {
	first := fx.newJob()
	fx.enqueue(first)
	fx.Checkpoint()
	again := first
	again.Queue, again.Kind, again.Args, again.Unique = "other", "other", text("other"), "other"
	if a := fx.enqueueAs(again); !a.Existing || a.ID != first.ID {
		fx.Errorf("the second job with one id: got %+v, want the first to be named", a)
	}
	first.ArgsSize = len(first.Args)
	if d := diff(first, fx.job(first.ID)); d != "" {
		fx.Errorf("the second job with one id changed the first:%s", d)
	}
	// What was not stored took no key either.
	other := fx.newJob()
	other.Unique = "other"
	fx.enqueue(other)

	// A finished job is there just the same.
	fx.end(fx.claimJob(first.ID), completeIt)
	if a := fx.enqueueAs(first); !a.Existing || a.ID != first.ID {
		fx.Errorf("the id of a finished job: got %+v, want it to be named", a)
	}
	fx.wantState(first.ID, store.Completed)

	// An id that was deleted is free.
	fx.change(store.Change{IDs: []store.ID{first.ID}, Delete: store.FinalStates})
	fx.Checkpoint()
	fx.enqueue(first)
}

func answersInOrder(fx *fixture) {
	old := fx.newJob()
	fx.enqueue(old)
	fx.Checkpoint()
	a, b := fx.newJob(), fx.newJob()
	answers, err := fx.Enqueue(fx.Context(), []store.Job{a, old, b, a})
	if err != nil {
		fx.Fatalf("Enqueue: %v", err)
	}
	want := []store.Enqueued{{ID: a.ID}, {ID: old.ID, Existing: true}, {ID: b.ID}, {ID: a.ID, Existing: true}}
	for i := range want {
		if i >= len(answers) || answers[i] != want[i] {
			fx.Fatalf("got %+v, want %+v", answers, want)
		}
	}
	fx.Checkpoint()
	fx.wantIDs("claimed", idsOf(fx.claim(10)), []store.ID{old.ID, a.ID, b.ID})
}

func refusesOtherStates(fx *fixture) {
	for _, s := range []store.State{0, store.Running, store.Retryable, store.Completed, store.Cancelled, store.Discarded, 99} {
		good, bad := fx.newJob(), fx.newJob()
		bad.State = s
		fx.unchanged("Enqueue of a job that is "+s.String(), func() error {
			_, err := fx.Enqueue(fx.Context(), []store.Job{good, bad})
			return err
		})
	}
	fx.Checkpoint()
	fx.enqueue(fx.newJob())
}

func refusesBadNames(fx *fixture) {
	long := strings.Repeat("x", 1<<16)
	for what, spoil := range map[string]func(*store.Job){
		"no id":              func(j *store.Job) { j.ID = store.ID{} },
		"no queue":           func(j *store.Job) { j.Queue = "" },
		"no kind":            func(j *store.Job) { j.Kind = "" },
		"a queue with a NUL": func(j *store.Job) { j.Queue = "a\x00b" },
		"a kind with a NUL":  func(j *store.Job) { j.Kind = "a\x00b" },
		"a long queue":       func(j *store.Job) { j.Queue = long },
		"a long kind":        func(j *store.Job) { j.Kind = long },
		"a long unique key":  func(j *store.Job) { j.Unique = long },
		"a long batch name":  func(j *store.Job) { j.Batch = long },
	} {
		good, bad := fx.newJob(), fx.newJob()
		spoil(&bad)
		fx.unchanged("Enqueue of a job with "+what, func() error {
			_, err := fx.Enqueue(fx.Context(), []store.Job{good, bad})
			return err
		})
	}
	fx.Checkpoint()
	fx.enqueue(fx.newJob())
}

func refusesTooLarge(fx *fixture) {
	caps := fx.Caps()
	if caps.MaxBatch <= 0 || caps.MaxValue <= 0 {
		fx.Fatalf("Caps names no limits: %+v", caps)
	}
	good, bad := fx.newJob(), fx.newJob()
	bad.Args = blob(caps.MaxValue + 1)
	err := fx.unchanged("Enqueue of large arguments", func() error {
		_, err := fx.Enqueue(fx.Context(), []store.Job{good, bad})
		return err
	})
	fx.wantError("Enqueue of large arguments", err, store.ErrTooLarge)
	fx.Checkpoint()
	err = fx.unchanged("Enqueue of too many jobs", func() error {
		_, err := fx.Enqueue(fx.Context(), fx.newJobs(caps.MaxBatch+1))
		return err
	})
	fx.wantError("Enqueue of too many jobs", err, store.ErrTooLarge)
}

func takesTheLargest(fx *fixture) {
	j := fx.newJob()
	j.Args = blob(fx.Caps().MaxValue)
	fx.enqueue(j)
	fx.Checkpoint()
	if got := fx.job(j.ID); len(got.Args) != len(j.Args) || got.ArgsSize != len(j.Args) {
		fx.Errorf("%d bytes of arguments (ArgsSize %d), want %d", len(got.Args), got.ArgsSize, len(j.Args))
	}
	fx.enqueue(fx.newJobs(fx.Caps().MaxBatch)...)
}

func enqueuesNothing(fx *fixture) {
	answers, err := fx.Enqueue(fx.Context(), nil)
	if err != nil || len(answers) != 0 {
		fx.Errorf("got %v, %v", answers, err)
	}
	fx.Checkpoint()
}

func enqueueHeedsContext(fx *fixture) {
	ctx, cancel := context.WithCancel(fx.Context())
	cancel()
	j := fx.newJob()
	_, err := fx.Enqueue(ctx, []store.Job{j})
	fx.wantError("Enqueue", err, context.Canceled)
	fx.settle()
	fx.Checkpoint()
	if !errors.Is(err, store.ErrUnknown) {
		fx.wantGone(j.ID)
	}
	// Whatever became of it, it may be repeated.
	if a := fx.enqueueAs(j); a.ID != j.ID {
		fx.Errorf("got %+v", a)
	}
	fx.wantState(j.ID, store.Available)
}
