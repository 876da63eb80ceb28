package storetest

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

// compare reads everything from the store, and holds it against the reference.
func (m *machine) compare(t *rapid.T) {
	page, err := m.s.List(t.Context(), store.ListRequest{Limit: 1000, Ascending: true, Parts: store.AllParts})
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	after := m.s.Now()
	want := m.sorted()
	for i := range want {
		if i < len(page.Jobs) && want[i].ID == page.Jobs[i].ID {
			m.adopt(t, &want[i], page.Jobs[i], after)
		}
	}
	if d := diffJobs(want, page.Jobs); d != "" {
		t.Fatalf("the store differs:%s", d)
	}
	m.compareCounters(t)
	m.compareAudit(t)
	m.compareLogs(t)
	m.compareStats(t)
	m.compareEvents(t)

	queues, err := m.s.Queues(t.Context())
	if err != nil || len(queues) != len(m.queues) || slices.ContainsFunc(queues, func(q store.QueueInfo) bool { return m.queues[q.Name] != q }) {
		t.Fatalf("Queues: %+v, %v, want %+v", queues, err, m.queues)
	}
	batches, err := m.s.Batches(t.Context())
	if err != nil || len(batches) != len(m.batches) || slices.ContainsFunc(batches, func(b store.Batch) bool { return !sameBatch(b, m.batches[b.Name]) }) {
		t.Fatalf("Batches: %+v, %v, want %+v", batches, err, m.batches)
	}
	schedules, err := m.s.Schedules(t.Context())
	if err != nil || len(schedules) != len(m.schedules) || len(schedules) > 0 && !schedules[0].Slot.Equal(m.schedules["s"].Slot) {
		t.Fatalf("Schedules: %+v, %v, want %+v", schedules, err, m.schedules)
	}
}

// adopt takes over the times that the store stamped in the last step, if they lie
// inside of it: the reference knows them only roughly.
func (m *machine) adopt(t *rapid.T, want *store.Job, got store.Job, after time.Time) {
	for _, at := range []struct {
		name string
		want *time.Time
		got  time.Time
		keep *time.Time
	}{
		{"AttemptedAt", &want.AttemptedAt, got.AttemptedAt, &m.jobs[want.ID].AttemptedAt},
		{"FinalisedAt", &want.FinalisedAt, got.FinalisedAt, &m.jobs[want.ID].FinalisedAt},
	} {
		if at.want.IsZero() || !at.want.Equal(m.now) {
			continue
		}
		if at.got.Before(m.now) || at.got.After(after) {
			t.Fatalf("%s of job %s is %v, want it between %v and %v", at.name, want.ID, at.got, m.now, after)
		}
		*at.want, *at.keep = at.got, at.got
	}
}

func (m *machine) compareCounters(t *rapid.T) {
	rows, err := m.s.Count(t.Context())
	if err != nil {
		t.Fatalf("Count: %v", err)
	}
	want := m.count()
	for _, row := range rows {
		key := counter{row.Queue, row.Kind, row.State}
		if n := want[key]; n == 0 || n != row.N {
			t.Fatalf("Count: %+v, there are %d", row, n)
		}
		delete(want, key)
	}
	if len(want) > 0 {
		t.Fatalf("Count lacks %v", want)
	}
}

// chance is true once in n times.
func chance(t *rapid.T, n int, label string) bool {
	return rapid.IntRange(1, n).Draw(t, label) == n
}

func drawHours(t *rapid.T, label string) time.Duration {
	return time.Duration(rapid.SampledFrom([]int{-2, -1, 1, 2}).Draw(t, label)) * time.Hour
}

func drawStates(t *rapid.T) store.States {
	return store.SetOf(rapid.SliceOfN(rapid.SampledFrom(store.AllStates()), 0, 6).Draw(t, "states")...)
}

func drawValue(t *rapid.T) store.Value {
	return rapid.SampledFrom([]store.Value{null, text("one"), text("two"), blob(600)}).Draw(t, "value")
}

// drawID draws from few ids, so that histories meet the same jobs again.
func (m *machine) drawID(t *rapid.T) store.ID {
	if _, ok := m.batches["b"]; ok && chance(t, 3, "member") {
		return m.batches["b"].Base.Member(rapid.Int64Range(0, 4).Draw(t, "index"))
	}
	return store.ID{100, byte(rapid.IntRange(1, 9).Draw(t, "id"))}
}

// drawJob draws a new job, as it may be enqueued.
func (m *machine) drawJob(t *rapid.T) store.Job {
	j := store.Job{
		ID:          m.drawID(t),
		Queue:       rapid.SampledFrom([]string{"q", "r"}).Draw(t, "queue"),
		Kind:        rapid.SampledFrom([]string{"k", "l"}).Draw(t, "kind"),
		State:       rapid.SampledFrom([]store.State{store.Available, store.Available, store.Scheduled, store.Pending}).Draw(t, "state"),
		Priority:    int16(rapid.IntRange(-1, 1).Draw(t, "priority")),
		RunAt:       m.start.Add(drawHours(t, "run at")),
		CreatedAt:   m.start,
		MaxAttempts: rapid.IntRange(1, 3).Draw(t, "max attempts"),
		Kept:        chance(t, 4, "kept"),
		Args:        rapid.SampledFrom([]store.Value{nil, text("args"), blob(600)}).Draw(t, "args"),
	}
	if rapid.Bool().Draw(t, "unique") {
		j.Unique = rapid.SampledFrom([]string{"u", "v"}).Draw(t, "key")
		j.UniqueUntil = rapid.SampledFrom([]store.Until{store.UntilFinal, store.UntilStart, store.UntilDeleted}).Draw(t, "until")
	}
	if chance(t, 3, "with a token") {
		j.Token = rapid.SampledFrom([]string{"s", "t"}).Draw(t, "token")
	}
	if b, ok := m.batches["b"]; ok && b.Base.Member(j.ID.MemberIndex()) == j.ID {
		j.Queue, j.Batch, j.Index = b.Queue, b.Name, j.ID.MemberIndex()
	}
	return j
}

// drawRef draws the claim of a job: most often the current one.
func (m *machine) drawRef(t *rapid.T) store.Ref {
	ref := store.Ref{ID: m.drawID(t)}
	var runs []store.ID
	for _, j := range m.sorted() {
		if j.State == store.Running {
			runs = append(runs, j.ID)
		}
	}
	if len(runs) > 0 && !chance(t, 4, "any job") {
		ref.ID = rapid.SampledFrom(runs).Draw(t, "running job")
	}
	if j := m.jobs[ref.ID]; j != nil {
		ref.Claim = j.Claim
	}
	if chance(t, 4, "another claim") {
		ref.Claim = rapid.Uint64Range(0, 3).Draw(t, "claim")
	}
	return ref
}

// drawMove draws a move from states that the caller fills in.
func (m *machine) drawMove(t *rapid.T) store.Move {
	move := store.Move{
		To:       rapid.SampledFrom(store.AllStates()).Draw(t, "to"),
		Attempt:  rapid.IntRange(-1, 1).Draw(t, "attempt"),
		Recovery: rapid.IntRange(0, 1).Draw(t, "recovery"),
		Suspect:  rapid.SampledFrom([]store.Mark{store.Keep, store.Set, store.Clear}).Draw(t, "suspect"),
		Grant:    chance(t, 4, "grant"),
		Reason:   rapid.SampledFrom([]string{"", "because"}).Draw(t, "reason"),
	}
	if rapid.Bool().Draw(t, "with a time") {
		move.RunAt = m.start.Add(drawHours(t, "run at"))
	}
	return move
}

func (m *machine) drawFailure(t *rapid.T) *store.Failure {
	if !chance(t, 3, "with a failure") {
		return nil
	}
	return &store.Failure{At: m.start, Attempt: 1, Kind: store.FailError, Message: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "message")}
}
