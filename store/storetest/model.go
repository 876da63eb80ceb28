package storetest

import (
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

// histories is the number of random histories, unless -rapid.checks says otherwise:
// rapid's own default is meant for code that does not sync to a disk.
const histories = "60"

// checkModel plays random histories on the store and on the reference.
func checkModel(t *testing.T, h Harness) {
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		defer checks.Value.Set(checks.DefValue)
		if err := checks.Value.Set(histories); err != nil {
			t.Fatal(err)
		}
	}
	dir, n := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		m := &machine{reference: newReference(), path: filepath.Join(dir, fmt.Sprint(n, ".db"))}
		m.open = func() { m.s = h.Open(t, m.path); m.follow() }
		m.open()
		defer func() {
			if h.Audit != nil && !rt.Failed() {
				h.Audit(t, m.s)
			}
			if err := m.s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}()
		m.start = m.s.Now().Round(0).UTC()
		rt.Repeat(map[string]func(*rapid.T){
			"":             m.compare,
			"enqueue":      m.enqueueSome,
			"claim":        m.claimSome,
			"extend":       m.extendSome,
			"finish":       m.finishSome,
			"change":       m.changeSome,
			"maintain":     m.maintainAll,
			"queue":        m.pauseOrResume,
			"batch":        m.createBatch,
			"delete batch": m.dropBatch,
			"schedule":     m.fireSchedule,
			"list":         m.listSome,
			"reopen":       m.reopen,
		})
	})
}

// machine is a store together with what it should be like.
type machine struct {
	*reference
	s       store.Store
	open    func()
	path    string
	start   time.Time
	batchNo byte // how many batches were created

	written  int                      // how many log lines
	feed     *feed                    // nil: the store has none
	replayed map[store.ID]store.State // by the events of the feed
}

// begin notes the time before a step.
func (m *machine) begin() { m.now = m.s.Now().Round(0).UTC() }

// agree fails unless the store answered as the reference did.
func agree[T any](t *rapid.T, verb string, want, got T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", verb, err)
	}
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%s: got %+v, want %+v", verb, got, want)
	}
}

func (m *machine) enqueueSome(t *rapid.T) {
	jobs := rapid.SliceOfN(rapid.Custom(m.drawJob), 1, 5).Draw(t, "jobs")
	m.begin()
	ctx, note := m.asks(t)
	got, err := m.s.Enqueue(ctx, jobs)
	agree(t, "Enqueue", m.enqueue(jobs), got, err)
	note(store.AuditEntry{Jobs: newIDs(got)})
}

func (m *machine) claimSome(t *rapid.T) {
	req := store.ClaimRequest{Move: claimMove, Alone: chance(t, 4, "alone")}
	for _, q := range []string{"q", "r", "batch:b"} {
		if n := rapid.IntRange(-1, 3).Draw(t, "n"); n >= 0 {
			req.Want = append(req.Want, want(q, n))
		}
	}
	req.Kinds = rapid.SampledFrom([][]string{nil, nil, {"k"}, {"l", "k"}, {"unheard of"}}).Draw(t, "kinds")
	m.begin()
	got, err := m.s.Claim(t.Context(), req)
	expect := m.claim(req)
	agree(t, "Claim", idsOf(expect.Jobs), idsOf(got.Jobs), err)
	agree(t, "suspects of Claim", expect.Suspects, got.Suspects, nil)
	for i := range got.Jobs {
		agree(t, "Args of Claim", emptyIsNil(expect.Jobs[i].Args), emptyIsNil(got.Jobs[i].Args), nil)
		agree(t, "Ref of Claim", expect.Jobs[i].Ref(), got.Jobs[i].Ref(), nil)
	}
}

func (m *machine) extendSome(t *rapid.T) {
	var all []store.Extension
	var expect []bool
	for range rapid.IntRange(1, 3).Draw(t, "extensions") {
		e := store.Extension{Ref: m.drawRef(t)}
		if rapid.Bool().Draw(t, "progress") {
			e.Progress = &store.Progress{Done: rapid.Int64Range(0, 9).Draw(t, "done"), Total: 9, Note: "note"}
		}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "ab"}), 0, 2, rapid.ID).Draw(t, "checkpoints") {
			e.Checkpoints = append(e.Checkpoints, store.Checkpoint{Name: name, Value: drawValue(t)})
		}
		e.Lines = m.drawLines(t)
		all = append(all, e)
	}
	m.begin()
	for _, e := range all {
		expect = append(expect, m.extend(e))
	}
	got, err := m.s.Extend(t.Context(), all)
	agree(t, "Extend", expect, got, err)
}

func (m *machine) finishSome(t *rapid.T) {
	var all []store.Outcome
	var expect []bool
	for range rapid.IntRange(1, 3).Draw(t, "outcomes") {
		o := store.Outcome{Ref: m.drawRef(t), Move: m.drawMove(t), Failure: m.drawFailure(t)}
		o.Move.From = running
		o.Lines = m.drawLines(t)
		if rapid.Bool().Draw(t, "with result") {
			o.Result = drawValue(t)
		}
		if chance(t, 3, "with next") {
			o.Next = []store.Job{m.drawJob(t)}
		}
		all = append(all, o)
	}
	m.begin()
	for _, o := range all {
		expect = append(expect, m.finish(o))
	}
	got, err := m.s.Finish(t.Context(), all)
	agree(t, "Finish", expect, got, err)
}

func (m *machine) changeSome(t *rapid.T) {
	c := store.Change{
		IDs:     rapid.SliceOfNDistinct(rapid.Custom(m.drawID), 1, 4, rapid.ID).Draw(t, "ids"),
		Failure: m.drawFailure(t),
	}
	for range rapid.IntRange(0, 3).Draw(t, "cases") {
		move := m.drawMove(t)
		move.From = drawStates(t)
		c.Cases = append(c.Cases, move)
	}
	if chance(t, 4, "delete") {
		c.Delete = drawStates(t)
	}
	if chance(t, 4, "consume") {
		c.Consume = store.FinalStates
	}
	m.begin()
	ctx, note := m.asks(t)
	got, err := m.s.Change(ctx, c)
	agree(t, "Change", m.change(c), got, err)
	note(store.AuditEntry{Jobs: got.Done})
}

func (m *machine) maintainAll(t *rapid.T) {
	b := store.Budget{Promote: promoteIt, Limit: rapid.IntRange(1, 4).Draw(t, "limit")}
	for _, s := range store.FinalStates.List() {
		if rapid.Bool().Draw(t, "prune") {
			before := rapid.SampledFrom([]time.Duration{-time.Hour, time.Hour}).Draw(t, "before")
			b.Prune = append(b.Prune, store.Retention{State: s, Before: m.start.Add(before)})
		}
	}
	if chance(t, 4, "prune the audit") {
		b.AuditBefore = m.start.Add(time.Hour)
		m.audit = nil
	}
	m.begin()
	var total store.Maintained
	for calls := 0; calls == 0 || total.More; calls++ {
		got, err := m.s.Maintain(t.Context(), b)
		if err != nil || got.Promoted+got.Pruned > b.Limit || calls == 1000 {
			t.Fatalf("Maintain, call %d: %+v, %v", calls, got, err)
		}
		got.Promoted, got.Pruned = total.Promoted+got.Promoted, total.Pruned+got.Pruned
		total = got
	}
	expect := m.maintain(b)
	if !total.NextDue.Equal(expect.NextDue) {
		t.Fatalf("Maintain: NextDue %v, want %v", total.NextDue, expect.NextDue)
	}
	total.NextDue, expect.NextDue = time.Time{}, time.Time{}
	agree(t, "Maintain", expect, total, nil)
}

func (m *machine) pauseOrResume(t *rapid.T) {
	q := store.QueueInfo{
		Name:   rapid.SampledFrom([]string{"q", "r", "batch:b"}).Draw(t, "queue"),
		Paused: chance(t, 3, "paused"), Reason: "why",
	}
	ctx, note := m.asks(t)
	if err := m.s.PutQueue(ctx, q); err != nil {
		t.Fatalf("PutQueue: %v", err)
	}
	note(queueEntry(m.queues[q.Name], q))
	m.queues[q.Name] = q
}

func (m *machine) createBatch(t *rapid.T) {
	b := store.Batch{Name: "b", Base: store.ID{200, m.batchNo}, Queue: "batch:b", Kind: "k", Total: 5, CreatedAt: m.start}
	ctx, note := m.asks(t)
	got, created, err := m.s.PutBatch(ctx, b)
	there, exists := m.batches["b"]
	if !exists {
		note(store.AuditEntry{Batch: "b"})
		there = b
		m.batches["b"] = b
		m.batchNo++
	}
	if err != nil || created == exists || !sameBatch(got, there) {
		t.Fatalf("PutBatch: %+v, created %v, %v, want %+v", got, created, err, there)
	}
}

func (m *machine) dropBatch(t *rapid.T) {
	members := slices.DeleteFunc(m.sorted(), func(j store.Job) bool { return j.Batch != "b" })
	more, err := true, error(nil)
	for calls := 0; more && err == nil; calls++ {
		ctx, note := m.asks(t)
		if more, err = m.s.DeleteBatch(ctx, "b", 2); calls == 100 {
			t.Fatal("DeleteBatch does not come to an end")
		}
		if err == nil {
			n := min(2, len(members))
			note(store.AuditEntry{Batch: "b", Jobs: emptyIsNil(idsOf(members[:n]))})
			members = members[n:]
		}
	}
	if want := m.deleteBatch("b"); !errors.Is(err, want) {
		t.Fatalf("DeleteBatch: %v, want %v", err, want)
	}
}

func (m *machine) fireSchedule(t *rapid.T) {
	hour := func(label string) time.Time { return m.start.Add(drawHours(t, label)) }
	if rapid.Bool().Draw(t, "put") {
		s := store.Schedule{Name: "s", Spec: rapid.SampledFrom([]string{"@daily", ""}).Draw(t, "spec"), Slot: hour("slot")}
		if err := m.s.PutSchedule(t.Context(), s); err != nil {
			t.Fatalf("PutSchedule: %v", err)
		}
		delete(m.schedules, "s")
		if s.Spec != "" {
			m.schedules["s"] = s
		}
		return
	}
	from, next, jobs := hour("from"), hour("next"), []store.Job{m.drawJob(t)}
	s, exists := m.schedules["s"]
	expect := exists && s.Slot.Equal(from)
	m.begin()
	got, err := m.s.Fire(t.Context(), "s", from, next, jobs)
	if expect {
		s.Slot = next
		m.schedules["s"] = s
		m.enqueue(jobs)
	} else if !exists && errors.Is(err, store.ErrNotFound) {
		err = nil // as good as false
	}
	agree(t, "Fire", expect, got, err)
}

func (m *machine) listSome(t *rapid.T) {
	f := store.Filter{States: drawStates(t)}
	if rapid.Bool().Draw(t, "by queue") {
		f.Queues = []string{rapid.SampledFrom([]string{"q", "r", "batch:b"}).Draw(t, "queue")}
	}
	if chance(t, 4, "by batch") {
		f.Batches = []string{"b"}
	}
	expect := slices.DeleteFunc(m.sorted(), func(j store.Job) bool { return !f.Match(&j) })
	req := store.ListRequest{Filter: f, Limit: rapid.IntRange(1, 5).Draw(t, "limit"), Ascending: rapid.Bool().Draw(t, "ascending")}
	var got []store.Job
	for pages := 0; pages == 0 || req.Cursor != ""; pages++ {
		page, err := m.s.List(t.Context(), req)
		if err != nil || len(page.Jobs) > req.Limit || pages == 1000 {
			t.Fatalf("List: page %d: %d jobs, %v", pages, len(page.Jobs), err)
		}
		got = append(got, page.Jobs...)
		req.Cursor = page.Next
	}
	agree(t, "List", idsOf(expect), idsOf(byID(got)), nil)
}

func (m *machine) reopen(t *rapid.T) {
	if err := m.s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	m.open()
}
