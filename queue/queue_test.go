package queue_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a queue on a real file, which is audited in the end.
type fixture struct {
	*queue.Queue
	t     testing.TB
	path  string
	cfg   queue.Config
	store *boltstore.Store
}

func open(t testing.TB, cfg queue.Config) *fixture {
	f := &fixture{t: t, path: filepath.Join(t.TempDir(), "test.db"), cfg: cfg}
	f.open()
	return f
}

func (f *fixture) open() {
	f.t.Helper()
	st, err := boltstore.Open(f.path, boltstore.Options{})
	if err != nil {
		f.t.Fatal(err)
	}
	f.store = st
	if f.Queue, err = queue.New(st, f.cfg); err != nil {
		f.t.Fatal(err)
	}
}

// close audits the file and closes it. It is not a cleanup because some tests run in a bubble.
func (f *fixture) close() {
	f.t.Helper()
	report, err := f.store.Verify(context.Background())
	if err != nil {
		f.t.Error(err)
	}
	for _, p := range report.Problems {
		f.t.Error("verify:", p)
	}
	if err := f.store.Close(); err != nil {
		f.t.Error(err)
	}
}

// crash closes the file with everything as it is, and opens it again.
func (f *fixture) crash() {
	f.t.Helper()
	f.close()
	f.open()
}

func (f *fixture) enqueue(jobs ...queue.NewJob) []store.ID {
	f.t.Helper()
	var ids []store.ID
	stored, err := f.Enqueue(context.Background(), jobs...)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, s := range stored {
		ids = append(ids, s.ID)
	}
	return ids
}

func (f *fixture) claim(n int) []store.Job {
	f.t.Helper()
	got, err := f.Claim(context.Background(), queue.ClaimRequest{Want: []store.Want{{Queue: "default", N: n}}})
	if err != nil {
		f.t.Fatal(err)
	}
	return got.Jobs
}

func (f *fixture) claimAlone() []store.Job {
	f.t.Helper()
	got, err := f.Claim(context.Background(), queue.ClaimRequest{Want: []store.Want{{Queue: "default", N: 1}}, Alone: true})
	if err != nil {
		f.t.Fatal(err)
	}
	return got.Jobs
}

func (f *fixture) finish(a queue.Attempt) {
	f.t.Helper()
	applied, err := f.Finish(context.Background(), a)
	if err != nil || !applied[0] {
		f.t.Fatalf("finish: %v %v", applied, err)
	}
}

func (f *fixture) get(id store.ID) *store.Job {
	f.t.Helper()
	j, err := f.Get(context.Background(), id, store.AllParts)
	if err != nil {
		f.t.Fatal(err)
	}
	return j
}

func (f *fixture) recover(lost ...string) queue.Recovered {
	f.t.Helper()
	r, err := f.Recover(context.Background(), lost...)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func failure(text string) *store.Failure {
	return &store.Failure{Kind: store.FailError, Message: text}
}

func TestFailuresAreRetriedUntilTheLastAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, queue.Config{Random: func() float64 { return 0.5 }})
		defer f.close()
		id := f.enqueue(queue.NewJob{Kind: "k", MaxAttempts: 3})[0]
		for attempt := 1; attempt <= 3; attempt++ {
			jobs := f.claim(5)
			if len(jobs) != 1 || jobs[0].Attempt != attempt {
				t.Fatalf("attempt %d: claimed %+v", attempt, jobs)
			}
			f.finish(queue.Attempt{Job: &jobs[0], Verdict: queue.Failed, Failure: failure(fmt.Sprint("no ", attempt))})
			if attempt == 3 {
				break
			}
			j := f.get(id)
			wait := time.Second << (attempt - 1)
			if j.State != store.Retryable || !j.RunAt.Equal(time.Now().Add(wait)) {
				t.Fatalf("after attempt %d: %s, due in %v", attempt, j.State, time.Until(j.RunAt))
			}
			time.Sleep(wait - time.Nanosecond)
			if m, err := f.Maintain(t.Context(), 10); err != nil || m.Promoted != 0 || !m.NextDue.Equal(j.RunAt) {
				t.Fatalf("too early: %+v %v", m, err)
			}
			time.Sleep(time.Nanosecond)
			if m, err := f.Maintain(t.Context(), 10); err != nil || m.Promoted != 1 {
				t.Fatalf("in time: %+v %v", m, err)
			}
		}
		j := f.get(id)
		if j.State != store.Discarded || j.Reason != queue.ReasonAttempts || len(j.Failures) != 3 || j.Failures[2].Message != "no 3" {
			t.Fatalf("in the end: %+v", j)
		}
	})
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		name     string
		attempt  queue.Attempt
		state    store.State
		reason   string
		charged  int
		failures int
	}{
		{"succeeded", queue.Attempt{Verdict: queue.Succeeded, Result: store.Value{0xc0}}, store.Completed, "", 1, 0},
		{"failed", queue.Attempt{Verdict: queue.Failed, Failure: failure("x")}, store.Retryable, "", 1, 1},
		{"hopeless", queue.Attempt{Verdict: queue.Hopeless, Failure: failure("x")}, store.Discarded, queue.ReasonPermanent, 1, 1},
		{"snoozed", queue.Attempt{Verdict: queue.Snoozed, Wait: time.Minute}, store.Scheduled, "", 0, 0},
		{"interrupted", queue.Attempt{Verdict: queue.Interrupted}, store.Available, "", 0, 0},
		{"called off", queue.Attempt{Verdict: queue.CalledOff, Failure: failure("x")}, store.Cancelled, "handler", 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := open(t, queue.Config{})
			defer f.close()
			id := f.enqueue(queue.NewJob{Kind: "k"})[0]
			j := f.claim(1)[0]
			c.attempt.Job = &j
			f.finish(c.attempt)
			got := f.get(id)
			if got.State != c.state || got.Reason != c.reason || got.Attempt != c.charged || got.FailureCount != c.failures {
				t.Fatalf("%s, reason %q, attempt %d, %d failures", got.State, got.Reason, got.Attempt, got.FailureCount)
			}
			if applied, err := f.Finish(t.Context(), c.attempt); err != nil || applied[0] {
				t.Fatalf("the second time: %v %v", applied, err)
			}
		})
	}
}

// TestPowerCutChargesNobody: MaxAttempts(1) survives the death of the process.
func TestPowerCutChargesNobody(t *testing.T) {
	f := open(t, queue.Config{})
	ids := f.enqueue(queue.NewJob{Kind: "k", MaxAttempts: 1}, queue.NewJob{Kind: "k", MaxAttempts: 1})
	f.claim(2)
	f.crash()
	defer func() { f.close() }()
	if r := f.recover(); r != (queue.Recovered{Again: 2}) {
		t.Fatalf("%+v", r)
	}
	for _, id := range ids {
		j := f.get(id)
		if j.State != store.Available || j.Attempt != 0 || j.Recoveries != 0 || !j.Suspect || j.Failures[0].Kind != store.FailCrash {
			t.Fatalf("%+v", j)
		}
	}
	if r := f.recover(); r != (queue.Recovered{}) {
		t.Fatalf("the second time it finds %+v", r)
	}
	if jobs := f.claim(9); len(jobs) != 0 {
		t.Fatalf("suspects were claimed in company: %v", jobs)
	}
}

// TestCulpritIsFoundAndNeighboursAreSpared plays the whole story without an executor.
func TestCulpritIsFoundAndNeighboursAreSpared(t *testing.T) {
	f := open(t, queue.Config{})
	defer func() { f.close() }()
	var jobs []queue.NewJob
	for range 50 {
		jobs = append(jobs, queue.NewJob{Kind: "innocent", MaxAttempts: 1})
	}
	culprit := f.enqueue(append(jobs, queue.NewJob{Kind: "culprit", MaxAttempts: 1})...)[50]
	crashes := 0
	for {
		// One life of the process: suspects alone first, then everything together.
		claimed := f.claimAlone()
		if len(claimed) == 0 {
			claimed = f.claim(100)
		}
		if len(claimed) == 0 {
			break
		}
		died := slices.ContainsFunc(claimed, func(j store.Job) bool { return j.ID == culprit })
		if died {
			crashes++
			f.crash()
			f.recover()
			continue
		}
		for i := range claimed {
			f.finish(queue.Attempt{Job: &claimed[i], Verdict: queue.Succeeded, Result: store.Value{0xc0}})
		}
	}
	if most := queue.DefaultMaxRecoveries + 2; crashes != most {
		t.Errorf("%d crashes, want %d", crashes, most)
	}
	j := f.get(culprit)
	if j.State != store.Discarded || j.Reason != queue.ReasonCrashLoop || j.Recoveries != queue.DefaultMaxRecoveries+1 {
		t.Errorf("the culprit: %s %s, recoveries %d", j.State, j.Reason, j.Recoveries)
	}
	if last := j.Failures[len(j.Failures)-1]; !strings.Contains(last.Message, "4th time") {
		t.Errorf("the last failure: %q", last.Message)
	}
	rows, err := f.Count(t.Context(), store.Filter{Kinds: []string{"innocent"}, States: store.SetOf(store.Completed)})
	if err != nil || queue.Total(rows) != 50 {
		t.Errorf("innocents completed: %d %v", queue.Total(rows), err)
	}
}

// dying is a store whose process dies behind its first Finish.
type dying struct {
	store.Store
	finished bool
}

func (d *dying) Finish(ctx context.Context, outcomes []store.Outcome) ([]bool, error) {
	if d.finished {
		return nil, errors.New("dead")
	}
	d.finished = true
	return d.Store.Finish(ctx, outcomes)
}

// TestADeathDuringRecoveryChargesNobody: whatever a recovery that was itself cut short
// has left, it does not look like a job that ran alone.
func TestADeathDuringRecoveryChargesNobody(t *testing.T) {
	f := open(t, queue.Config{})
	defer func() { f.close() }()
	const n = 1001 // one more than is recovered in one commit
	ids := f.enqueue(slices.Repeat([]queue.NewJob{{Kind: "k"}}, n)...)
	if got := len(f.claim(n)); got != n {
		t.Fatalf("%d claimed", got)
	}
	f.crash()
	first, err := queue.New(&dying{Store: f.store}, queue.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Recover(t.Context()); err == nil {
		t.Fatal("the recovery was not cut short: the test is pointless")
	}
	f.crash()
	f.recover()
	for _, id := range ids {
		if j := f.get(id); j.Recoveries != 0 || !j.Suspect || j.State != store.Available {
			t.Fatalf("%+v", j)
		}
	}
}

func TestLostKindsAreAbandoned(t *testing.T) {
	f := open(t, queue.Config{})
	defer func() { f.close() }()
	ids := f.enqueue(queue.NewJob{Kind: "func"}, queue.NewJob{Kind: "func"}, queue.NewJob{Kind: "other"},
		queue.NewJob{Kind: "func", RunAt: time.Now().Add(time.Hour)}, queue.NewJob{Kind: "func", Hold: true})
	f.claim(1)
	f.crash()
	if r := f.recover("func"); r != (queue.Recovered{Abandoned: 4}) {
		t.Fatalf("%+v", r)
	}
	for i, id := range ids {
		j := f.get(id)
		if i == 2 {
			if j.State != store.Available {
				t.Errorf("the other kind: %s", j.State)
			}
			continue
		}
		if j.State != store.Discarded || j.Reason != queue.ReasonCrash || len(j.Failures) != 1 || j.Failures[0].Kind != store.FailCrash {
			t.Errorf("job %d: %s %q %v", i, j.State, j.Reason, j.Failures)
		}
	}
}

func TestDefaultsAndBadInput(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	j, err := f.Prepare(queue.NewJob{Kind: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if j.Queue != "default" || j.MaxAttempts != 25 || j.MaxRecoveries != 3 || j.Timeout != 0 || j.State != store.Available || j.ID.IsZero() {
		t.Errorf("defaults: %+v", j)
	}
	for name, n := range map[string]queue.NewJob{
		"no kind":       {},
		"attempts":      {Kind: "k", MaxAttempts: -1},
		"timeout":       {Kind: "k", Timeout: -1},
		"held and late": {Kind: "k", Hold: true, RunAt: time.Now()},
	} {
		if _, err := f.Prepare(n); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := queue.New(f.store, queue.Config{KeepCompleted: -5}); err == nil {
		t.Error("a negative retention is accepted")
	}
}

func TestUniqueConflicts(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	first := f.enqueue(queue.NewJob{Kind: "k", Unique: queue.Unique{Key: "u"}})[0]
	second, err := f.Enqueue(t.Context(), queue.NewJob{Kind: "k", Unique: queue.Unique{Key: "u"}})
	if err != nil || !second[0].Existing || second[0].ID != first {
		t.Fatalf("skip: %+v %v", second, err)
	}
	_, err = f.Enqueue(t.Context(), queue.NewJob{Kind: "k", Unique: queue.Unique{Key: "u", Conflict: queue.Refuse}})
	if d, ok := errors.AsType[*queue.DuplicateError](err); !ok || d.Holder != first {
		t.Fatalf("refuse: %v", err)
	}
	// Asking again for the very same job is no conflict.
	again, err := f.Enqueue(t.Context(), queue.NewJob{ID: first, Kind: "k", Unique: queue.Unique{Key: "u", Conflict: queue.Refuse}})
	if err != nil || again[0].ID != first {
		t.Fatalf("again: %+v %v", again, err)
	}
}

func TestRetentionPrunesByState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, queue.Config{})
		defer f.close()
		f.enqueue(queue.NewJob{Kind: "k"}, queue.NewJob{Kind: "k", MaxAttempts: 1}, queue.NewJob{Kind: "k"}, queue.NewJob{Kind: "k", Kept: true})
		jobs := f.claim(4)
		f.finish(queue.Attempt{Job: &jobs[0], Verdict: queue.Succeeded, Result: store.Value{1}})
		f.finish(queue.Attempt{Job: &jobs[1], Verdict: queue.Failed, Failure: failure("x")})
		f.finish(queue.Attempt{Job: &jobs[3], Verdict: queue.Succeeded, Result: store.Value{1}})
		if _, err := f.Cancel(t.Context(), "no need", jobs[2].ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		if m, err := f.Maintain(t.Context(), 10); err != nil || m.Pruned != 0 {
			t.Fatalf("after a day: %+v %v", m, err)
		}
		time.Sleep(time.Nanosecond)
		if m, err := f.Maintain(t.Context(), 10); err != nil || m.Pruned != 2 {
			t.Fatalf("later: %+v %v", m, err)
		}
		left, err := f.Count(t.Context(), store.Filter{})
		if err != nil || queue.Total(left) != 2 {
			t.Fatalf("left: %v %v", left, err)
		}
		if _, err := f.Get(t.Context(), jobs[0].ID, store.HeadOnly); !errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), jobs[0].ID.String()) {
			t.Fatalf("a pruned job: %v", err)
		}
	})
}

func TestBatchMismatchSaysWhatDiffers(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	spec := queue.BatchSpec{Name: "nov", Kind: "k", Total: 3, Fingerprint: "a"}
	first, created, err := f.OpenBatch(t.Context(), spec)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	same, created, err := f.OpenBatch(t.Context(), spec)
	if err != nil || created || same.Base != first.Base {
		t.Fatal(created, err)
	}
	for want, change := range map[string]func(*queue.BatchSpec){
		"3 members, not 4":            func(s *queue.BatchSpec) { s.Total = 4 },
		`fingerprint is "a", not "b"`: func(s *queue.BatchSpec) { s.Fingerprint = "b" },
		`kind is "k", not "l"`:        func(s *queue.BatchSpec) { s.Kind = "l" },
	} {
		other := spec
		change(&other)
		_, _, err := f.OpenBatch(t.Context(), other)
		if !errors.Is(err, store.ErrBatchMismatch) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestBatchStatus(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	b, _, err := f.OpenBatch(t.Context(), queue.BatchSpec{Name: "b", Kind: "k", Total: 2})
	if err != nil {
		t.Fatal(err)
	}
	member := func(i int64) queue.NewJob {
		return queue.NewJob{ID: b.Base.Member(i), Index: i, Batch: "b", Queue: b.Queue, Kind: "k", Kept: true, MaxAttempts: 1}
	}
	state := func(want string) {
		t.Helper()
		s, err := f.Batch(t.Context(), "b")
		if err != nil || s.State() != want || s.Size() != 2 {
			t.Errorf("%s (size %d, %v), want %s", s.State(), s.Size(), err, want)
		}
	}
	state("open")
	f.enqueue(member(0), member(1))
	claim := func() store.Job {
		got, err := f.Claim(t.Context(), queue.ClaimRequest{Want: []store.Want{{Queue: b.Queue, N: 1}}})
		if err != nil || len(got.Jobs) != 1 {
			t.Fatal(got, err)
		}
		return got.Jobs[0]
	}
	j := claim()
	state("running")
	f.finish(queue.Attempt{Job: &j, Verdict: queue.Succeeded, Result: store.Value{1}})
	state("open")
	j = claim()
	f.finish(queue.Attempt{Job: &j, Verdict: queue.Failed, Failure: failure("x")})
	state("failed")
	if _, err := f.Retry(t.Context(), j.ID); err != nil {
		t.Fatal(err)
	}
	j = claim()
	f.finish(queue.Attempt{Job: &j, Verdict: queue.Succeeded, Result: store.Value{1}})
	state("completed")
	if err := f.DeleteBatch(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Batch(t.Context(), "b"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a deleted batch: %v", err)
	}
}

func TestCountScansOnlyWhenItMust(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	f.enqueue(queue.NewJob{Kind: "a", Tags: []string{"x"}}, queue.NewJob{Kind: "a"}, queue.NewJob{Kind: "b", Queue: "q"})
	for _, c := range []struct {
		filter store.Filter
		want   int64
	}{
		{store.Filter{}, 3},
		{store.Filter{Kinds: []string{"a"}}, 2},
		{store.Filter{Queues: []string{"q"}}, 1},
		{store.Filter{States: store.SetOf(store.Running)}, 0},
		{store.Filter{Not: []store.Filter{{Kinds: []string{"a"}}}}, 1},
		{store.Filter{Tags: []string{"x"}}, 1},
		{store.Filter{Not: []store.Filter{{Tags: []string{"x"}}}}, 2},
	} {
		rows, err := f.Count(t.Context(), c.filter)
		if err != nil || queue.Total(rows) != c.want {
			t.Errorf("%+v: %v %v, want %d", c.filter, rows, err, c.want)
		}
	}
}

func TestOperatorsVerbs(t *testing.T) {
	f := open(t, queue.Config{})
	defer f.close()
	ctx := t.Context()
	id := f.enqueue(queue.NewJob{Kind: "k", MaxAttempts: 1})[0]
	state := func(want store.State) {
		t.Helper()
		if got := f.get(id).State; got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	must := func(c store.Changed, err error) {
		t.Helper()
		if err != nil || len(c.Done) != 1 {
			t.Fatalf("%+v %v", c, err)
		}
	}
	refused := func(c store.Changed, err error) {
		t.Helper()
		if err != nil || len(c.Done) != 0 || len(c.Refused) != 1 {
			t.Fatalf("%+v %v", c, err)
		}
	}
	must(f.Hold(ctx, id))
	state(store.Pending)
	must(f.Release(ctx, id))
	must(f.Reschedule(ctx, time.Now().Add(time.Hour), id))
	state(store.Scheduled)
	must(f.RunNow(ctx, id))
	state(store.Available)
	f.claim(1)
	refused(f.Retry(ctx, id))
	refused(f.Delete(ctx, id))
	must(f.Cancel(ctx, "enough", id))
	state(store.Cancelled)
	refused(f.Cancel(ctx, "again", id))
	must(f.Consume(ctx, id))
	refused(f.Consume(ctx, id))
	must(f.Retry(ctx, id))
	if j := f.get(id); j.State != store.Available || j.MaxAttempts != 2 || j.FailureCount != 1 {
		t.Fatalf("retried: %+v", j)
	}
	if err := f.Pause(ctx, "default", "for the test"); err != nil {
		t.Fatal(err)
	}
	if jobs := f.claim(1); len(jobs) != 0 {
		t.Fatal("a paused queue hands out jobs")
	}
	if err := f.Resume(ctx, "default"); err != nil {
		t.Fatal(err)
	}
	must(f.Delete(ctx, id))
	if c, err := f.Delete(ctx, id); err != nil || len(c.Missing) != 1 {
		t.Fatal(c, err)
	}
}
