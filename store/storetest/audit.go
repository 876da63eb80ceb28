package storetest

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var auditCases = []scenario{
	{"records every verb", auditEveryVerb},
	{"says what became different in a queue", auditQueue},
	{"records nothing that nobody asked for, or that changed nothing", auditNothing},
	{"records only what really changed", auditOnlyDone},
	{"follows a job beyond its end", auditOfJob},
	{"comes in pages, newest first", auditPages},
	{"is pruned by age", auditPruned},
	{"refuses long texts", auditLong},
}

// who is the audit of the cases.
var who = store.Audit{
	Actor: store.Actor{Name: "ann", UID: 1000, PID: 42, Via: "socket"}, Verb: "verb", Reason: "because", Operation: "op_1",
}

// asked returns a context whose changes are recorded as an operator's verb.
func (fx *fixture) asked(verb string) context.Context {
	a := who
	a.Verb = verb
	return store.WithAudit(fx.Context(), a)
}

func (fx *fixture) entries(req store.AuditRequest) []store.AuditEntry {
	fx.Helper()
	entries, err := fx.Audit(fx.Context(), req)
	if err != nil {
		fx.Fatalf("Audit: %v", err)
	}
	return entries
}

// wantEntry checks the newest entry but for its number, its time, and who made it.
func (fx *fixture) wantEntry(verb string, want store.AuditEntry) store.AuditEntry {
	fx.Helper()
	newest := fx.entries(store.AuditRequest{Limit: 1})
	if len(newest) != 1 {
		fx.Fatalf("%s: there is no entry", verb)
	}
	got := newest[0]
	want.Seq, want.At, want.Audit = got.Seq, got.At, who
	want.Verb = verb
	if got.Seq == 0 || !reflect.DeepEqual(got, want) {
		fx.Fatalf("%s: the newest entry is %+v, want %+v", verb, got, want)
	}
	return got
}

// must fails the test with the error of a verb.
func must[T any](fx *fixture) func(T, error) T {
	return func(v T, err error) T {
		fx.Helper()
		if err != nil {
			fx.Fatal(err)
		}
		return v
	}
}

func auditEveryVerb(fx *fixture) {
	before := fx.Now()
	a, b := fx.newJob(), fx.newJob()
	must[[]store.Enqueued](fx)(fx.Enqueue(fx.asked("enqueue"), []store.Job{a, b}))
	first := fx.wantEntry("enqueue", store.AuditEntry{Jobs: []store.ID{a.ID, b.ID}})
	if first.Seq != 1 || first.At.Before(before.Add(-time.Second)) || first.At.After(fx.Now().Add(time.Second)) {
		fx.Errorf("the first entry has the number %d and is of %v", first.Seq, first.At)
	}
	must[store.Changed](fx)(fx.Change(fx.asked("cancel"), store.Change{IDs: []store.ID{a.ID}, Cases: []store.Move{cancelIt}}))
	fx.wantEntry("cancel", store.AuditEntry{Jobs: []store.ID{a.ID}})
	must[store.Changed](fx)(fx.Change(fx.asked("delete"), store.Change{IDs: []store.ID{b.ID, a.ID}, Delete: store.EveryState}))
	fx.wantEntry("delete", store.AuditEntry{Jobs: []store.ID{b.ID, a.ID}})

	batch, _, err := fx.PutBatch(fx.asked("open batch"), newBatch("b"))
	if err != nil {
		fx.Fatal(err)
	}
	fx.wantEntry("open batch", store.AuditEntry{Batch: "b"})
	members := fx.members(batch, 0, 3)
	fx.enqueue(members...)
	must[bool](fx)(fx.DeleteBatch(fx.asked("delete batch"), "b", 2))
	fx.wantEntry("delete batch", store.AuditEntry{Batch: "b", Jobs: idsOf(members[:2])})
	must[bool](fx)(fx.DeleteBatch(fx.asked("delete batch"), "b", 2))
	fx.wantEntry("delete batch", store.AuditEntry{Batch: "b", Jobs: idsOf(members[2:])})

	slot := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	schedule := store.Schedule{Name: "s", Spec: "@daily", Slot: slot}
	if err := fx.PutSchedule(fx.asked("set schedule"), schedule); err != nil {
		fx.Fatal(err)
	}
	fx.wantEntry("set schedule", store.AuditEntry{Detail: `schedule "s": @daily, next at 2030-01-02T03:04:05Z`})
	j := fx.newJob()
	must[bool](fx)(fx.Fire(fx.asked("trigger"), "s", slot, slot.Add(time.Hour), []store.Job{j}))
	fx.wantEntry("trigger", store.AuditEntry{Jobs: []store.ID{j.ID}, Detail: `schedule "s" fired`})
	if err := fx.PutSchedule(fx.asked("drop schedule"), store.Schedule{Name: "s"}); err != nil {
		fx.Fatal(err)
	}
	fx.wantEntry("drop schedule", store.AuditEntry{Detail: `schedule "s" deleted`})

	fx.Checkpoint()
	all := fx.entries(store.AuditRequest{})
	for i, e := range all {
		if want := uint64(len(all) - i); e.Seq != want {
			fx.Errorf("entry %d has the number %d, want %d", i, e.Seq, want)
		}
	}
	if len(all) != 9 {
		fx.Errorf("there are %d entries, want 9", len(all))
	}
}

func auditQueue(fx *fixture) {
	since := fx.Now()
	paused := store.QueueInfo{Name: "q", Paused: true, Reason: "disk full", Since: since, By: who.Actor}
	for _, step := range []struct {
		put  store.QueueInfo
		says string
	}{
		{paused, "paused"},
		{store.QueueInfo{Name: "q", Paused: true, Reason: "disk changed", Since: since}, `reason "disk changed"`},
		{store.QueueInfo{Name: "q", Workers: 4}, "resumed, workers 4"},
		{store.QueueInfo{Name: "q", Workers: 8, Rate: 2.5}, "workers 4 → 8, rate 2.5/s"},
		{store.QueueInfo{Name: "q", Rate: 10}, "workers 8 → as the program says, rate 2.5/s → 10/s"},
		{store.QueueInfo{Name: "q"}, "rate 10/s → unlimited"},
	} {
		if err := fx.PutQueue(fx.asked("set queue"), step.put); err != nil {
			fx.Fatal(err)
		}
		fx.Checkpoint()
		fx.wantEntry("set queue", store.AuditEntry{Queue: "q", Detail: step.says})
		got := must[[]store.QueueInfo](fx)(fx.Queues(fx.Context()))
		if len(got) != 1 || !got[0].Since.Equal(step.put.Since) {
			fx.Fatalf("the queues are %+v", got)
		}
		if got[0].Since = step.put.Since; got[0] != step.put {
			fx.Errorf("the queue is %+v, want %+v", got[0], step.put)
		}
	}
}

func auditNothing(fx *fixture) {
	ctx := fx.asked("nothing")
	j := fx.newJob()
	fx.enqueue(j)
	b := fx.putBatch(newBatch("b"))
	fx.putQueue(store.QueueInfo{Name: "q", Workers: 3})
	slot := fx.Now().Add(time.Hour)
	schedule := store.Schedule{Name: "s", Spec: "@daily", Slot: slot}
	if err := fx.PutSchedule(fx.Context(), schedule); err != nil {
		fx.Fatal(err)
	}
	fx.Checkpoint()

	must[[]store.Enqueued](fx)(fx.Enqueue(ctx, []store.Job{j}))
	must[store.Changed](fx)(fx.Change(ctx, store.Change{IDs: []store.ID{j.ID, fx.newJob().ID}, Cases: []store.Move{unholdIt}}))
	if _, created, err := fx.PutBatch(ctx, b); created || err != nil {
		fx.Fatal(created, err)
	}
	must[bool](fx)(fx.DeleteBatch(ctx, "b", 0)) // deletes it, which is something
	fx.wantEntry("nothing", store.AuditEntry{Batch: "b"})
	if _, err := fx.DeleteBatch(ctx, "b", 5); err == nil {
		fx.Error("a batch was deleted twice")
	}
	if err := fx.PutQueue(ctx, store.QueueInfo{Name: "q", Workers: 3}); err != nil {
		fx.Fatal(err)
	}
	if err := fx.PutSchedule(ctx, schedule); err != nil {
		fx.Fatal(err)
	}
	if err := fx.PutSchedule(ctx, store.Schedule{Name: "unheard of"}); err != nil {
		fx.Fatal(err)
	}
	must[bool](fx)(fx.Fire(ctx, "s", slot.Add(time.Second), slot.Add(time.Hour), []store.Job{fx.newJob()}))

	// What is not done on behalf of somebody does not heed the audit.
	claimed := must[store.Claimed](fx)(fx.Claim(ctx, request(1))).Jobs[0]
	must[[]bool](fx)(fx.Extend(ctx, []store.Extension{{Ref: claimed.Ref(), Progress: &store.Progress{Done: 1}}}))
	must[[]bool](fx)(fx.Finish(ctx, []store.Outcome{{Ref: claimed.Ref(), Move: completeIt, Next: []store.Job{fx.newJob()}}}))
	must[store.Maintained](fx)(fx.Maintain(ctx, prune(fx.Now().Add(time.Hour), 5, store.Completed)))
	if all := fx.entries(store.AuditRequest{}); len(all) != 1 {
		fx.Errorf("there are %d entries, want only that of the batch: %+v", len(all), all)
	}
}

func auditOnlyDone(fx *fixture) {
	there, fresh, held := fx.newJob(), fx.newJob(), fx.newJob()
	held.State = store.Pending
	fx.enqueue(there, held)
	must[[]store.Enqueued](fx)(fx.Enqueue(fx.asked("enqueue"), []store.Job{there, fresh}))
	fx.wantEntry("enqueue", store.AuditEntry{Jobs: []store.ID{fresh.ID}})
	absent := fx.newJob().ID
	release := store.Change{IDs: []store.ID{there.ID, held.ID, absent, held.ID}, Cases: []store.Move{unholdIt}}
	must[store.Changed](fx)(fx.Change(fx.asked("release"), release))
	fx.Checkpoint()
	fx.wantEntry("release", store.AuditEntry{Jobs: []store.ID{held.ID}})
	if of := fx.entries(store.AuditRequest{Job: there.ID}); len(of) != 0 {
		fx.Errorf("a job that was only tried has the entries %+v", of)
	}

	// A job that one call names twice, and moves twice, is in the entry once.
	twice := store.Change{IDs: []store.ID{held.ID, held.ID}, Cases: []store.Move{againIt}}
	must[store.Changed](fx)(fx.Change(fx.asked("retry"), twice))
	fx.wantEntry("retry", store.AuditEntry{Jobs: []store.ID{held.ID}})
}

func auditOfJob(fx *fixture) {
	a, b := fx.newJob(), fx.newJob()
	must[[]store.Enqueued](fx)(fx.Enqueue(fx.asked("enqueue"), []store.Job{a, b}))
	for _, step := range []struct {
		verb string
		id   store.ID
	}{{"hold", a.ID}, {"hold", b.ID}, {"delete", a.ID}} {
		c := store.Change{IDs: []store.ID{step.id}, Cases: []store.Move{holdIt}}
		if step.verb == "delete" {
			c = store.Change{IDs: c.IDs, Delete: store.EveryState}
		}
		must[store.Changed](fx)(fx.Change(fx.asked(step.verb), c))
	}
	fx.Checkpoint()
	fx.wantGone(a.ID)
	for _, c := range []struct {
		req  store.AuditRequest
		want []string
	}{
		{store.AuditRequest{Job: a.ID}, []string{"delete", "hold", "enqueue"}},
		{store.AuditRequest{Job: b.ID}, []string{"hold", "enqueue"}},
		{store.AuditRequest{Job: a.ID, Limit: 1}, []string{"delete"}},
		{store.AuditRequest{Job: a.ID, Before: 4}, []string{"hold", "enqueue"}},
		{store.AuditRequest{Job: a.ID, Before: 2}, []string{"enqueue"}},
		{store.AuditRequest{Job: a.ID, Before: 1}, nil},
		{store.AuditRequest{Job: fx.newJob().ID}, nil},
	} {
		var verbs []string
		for _, e := range fx.entries(c.req) {
			verbs = append(verbs, e.Verb)
			if !slices.Contains(e.Jobs, c.req.Job) {
				fx.Errorf("%+v: the entry %+v does not name the job", c.req, e)
			}
		}
		if !slices.Equal(verbs, c.want) {
			fx.Errorf("%+v: got %v, want %v", c.req, verbs, c.want)
		}
	}
}

func auditPages(fx *fixture) {
	const n = 130
	for range n {
		must[[]store.Enqueued](fx)(fx.Enqueue(fx.asked("enqueue"), fx.newJobs(1)))
	}
	fx.Checkpoint()
	if got := len(fx.entries(store.AuditRequest{})); got != 100 {
		fx.Errorf("a page without a limit has %d entries, want 100", got)
	}
	want := uint64(n)
	for before := uint64(0); ; {
		page := fx.entries(store.AuditRequest{Before: before, Limit: 7})
		if len(page) > 7 {
			fx.Fatalf("a page has %d entries", len(page))
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			if e.Seq != want {
				fx.Fatalf("got the entry %d, want %d", e.Seq, want)
			}
			want--
		}
		before = page[len(page)-1].Seq
	}
	if want != 0 {
		fx.Errorf("the last %d entries did not come", want)
	}
	if _, err := fx.Audit(fx.Context(), store.AuditRequest{Limit: -1}); err == nil {
		fx.Error("a negative limit was taken")
	}
}

func auditPruned(fx *fixture) {
	jobs := fx.newJobs(6)
	for i := range jobs {
		must[[]store.Enqueued](fx)(fx.Enqueue(fx.asked("enqueue"), jobs[i:i+1]))
		fx.tick()
	}
	cut := fx.entries(store.AuditRequest{Limit: 1})[0].At // the last one stays
	fx.Checkpoint()
	calls := 0
	for more := true; more; calls++ {
		if calls == 10 {
			fx.Fatal("Maintain does not come to an end")
		}
		more = fx.maintain(store.Budget{Limit: 2, AuditBefore: cut}).More
	}
	if calls < 3 {
		fx.Errorf("five entries were pruned by %d calls, each of at most 2", calls)
	}
	if left := fx.entries(store.AuditRequest{}); len(left) != 1 || left[0].Seq != 6 {
		fx.Errorf("left are %+v", left)
	}
	if of := fx.entries(store.AuditRequest{Job: jobs[0].ID}); len(of) != 0 {
		fx.Errorf("the job of an entry that was pruned has %+v", of)
	}
	if m := fx.maintain(store.Budget{Limit: 9}); m.More || len(fx.entries(store.AuditRequest{})) != 1 {
		fx.Error("a budget without a time prunes the audit")
	}

	// Numbers are not used again, even when all are gone.
	fx.maintain(store.Budget{Limit: 9, AuditBefore: fx.Now().Add(time.Hour)})
	fx.Checkpoint()
	must[store.Changed](fx)(fx.Change(fx.asked("hold"), store.Change{IDs: idsOf(jobs), Cases: []store.Move{holdIt}}))
	if all := fx.entries(store.AuditRequest{}); len(all) != 1 || all[0].Seq != 7 {
		fx.Errorf("after all were pruned: %+v", all)
	}
	// An entry with more jobs than the limit goes as a whole.
	fx.maintain(store.Budget{Limit: 2, AuditBefore: fx.Now().Add(time.Hour)})
	if all := fx.entries(store.AuditRequest{}); len(all) != 0 {
		fx.Errorf("left are %+v", all)
	}
}

func auditLong(fx *fixture) {
	fx.Checkpoint()
	long := strings.Repeat("x", 1<<16)
	for name, spoil := range map[string]func(*store.Audit){
		"name":      func(a *store.Audit) { a.Actor.Name = long },
		"via":       func(a *store.Audit) { a.Actor.Via = long },
		"verb":      func(a *store.Audit) { a.Verb = long },
		"reason":    func(a *store.Audit) { a.Reason = long },
		"operation": func(a *store.Audit) { a.Operation = long },
	} {
		a := who
		spoil(&a)
		err := fx.unchanged("a long "+name, func() error {
			_, err := fx.Enqueue(store.WithAudit(fx.Context(), a), fx.newJobs(1))
			return err
		})
		fx.wantError(name, err, store.ErrTooLarge)
	}
	if all := fx.entries(store.AuditRequest{}); len(all) != 0 {
		fx.Errorf("there are entries: %+v", all)
	}
}
