package admin

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func TestQueues(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		f.handle("k", func(context.Context, *store.Job) (store.Value, error) {
			time.Sleep(30 * time.Second)
			return nil, nil
		})
		f.start("work", "idle")
		f.enqueue(3, queue.NewJob{Kind: "k", Queue: "work"})
		f.enqueue(2, queue.NewJob{Kind: "k", Queue: "parked", Hold: true})
		if err := f.q.Pause(store.WithAudit(t.Context(), store.Audit{Actor: operator, Verb: "pause"}), "paused", "disk full"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		all, err := f.c.Queues(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		byName := map[string]*wire.Queue{}
		for _, q := range all.Queues {
			names = append(names, q.Name)
			byName[q.Name] = q
			if len(q.Counts) != 8 || len(q.Recent) != recentMinutes {
				t.Errorf("%+v", q)
			}
		}
		if got := strings.Join(names, " "); got != "idle parked paused work" {
			t.Errorf("%s", got)
		}
		began := time.Now().Add(-10 * time.Second)
		if q := byName["work"]; !q.Served || q.WorkersLive != 2 || q.Busy != 2 || q.Counts["running"] != 2 || q.Counts["available"] != 1 || !q.OldestAt.Equal(began) {
			t.Errorf("%+v", q)
		}
		if q := byName["idle"]; !q.Served || q.WorkersLive != 2 || q.OldestAt != nil {
			t.Errorf("%+v", q)
		}
		if q := byName["parked"]; q.Served || q.Counts["pending"] != 2 {
			t.Errorf("%+v", q)
		}
		if q := byName["paused"]; !q.Paused || q.Reason != "disk full" || !q.Since.Equal(began) || *q.PausedBy != operator {
			t.Errorf("%+v", q)
		}

		time.Sleep(5 * time.Minute) // three jobs have ended
		synctest.Wait()
		one, err := f.c.Queue(t.Context(), "work")
		if err != nil {
			t.Fatal(err)
		}
		ended := int64(0)
		for _, n := range one.Recent {
			ended += n
		}
		if one.Counts["completed"] != 3 || ended != 3 || one.Busy != 0 {
			t.Errorf("%+v", one)
		}
		_, err = f.c.Queue(t.Context(), "nothing")
		problem(t, err, wire.CodeNotFound)
	})
}

func TestDonePerMinute(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 30, 30, 0, time.UTC)
	h := &hour{now: now, queues: map[string]*queueHour{}}
	for minute, n := range map[int]int64{30: 5, 29: 10, 26: 30, 25: 100, 1: 7, 0: 1000} {
		h.add(&store.Stats{At: now.Truncate(time.Hour).Add(time.Duration(minute) * time.Minute), Span: time.Minute, Queue: "q", Completed: n, Discarded: 1})
	}
	ended, perMinute := h.recent("q")
	// 5 + 10 + 30 in the last four and a half minutes.
	if fmt.Sprint(ended) != "[8 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 101 31 0 0 11 6]" || perMinute != 10 {
		t.Errorf("%v %v", ended, perMinute)
	}
	if h.total.Completed != 1152 {
		t.Errorf("%+v", h.total)
	}
	if ended, perMinute := h.recent("other"); len(ended) != recentMinutes || perMinute != 0 {
		t.Errorf("%v %v", ended, perMinute)
	}
}

func TestQueueSettings(t *testing.T) {
	f := serve(t, false)
	ptr := func(n int) *int { return &n }
	rate := 2.5
	name := "a/b %?#é.."
	q, err := f.c.SetQueue(t.Context(), name, wire.QueueChange{Workers: ptr(4), Rate: &rate})
	if err != nil || q.Name != name || q.Workers != 4 || q.Rate != 2.5 || q.Paused {
		t.Fatalf("%+v %v", q, err)
	}
	path := "/v1/queues/" + url.PathEscape(name)
	q = answered[wire.Queue](t, call(f.s, "POST", path+"/pause", `{"reason":"disk full"}`), 200)
	if !q.Paused || q.Reason != "disk full" || *q.PausedBy != operator || q.Workers != 4 || q.Since == nil {
		t.Errorf("%+v", q)
	}
	since := *q.Since
	if q := answered[wire.Queue](t, call(f.s, "PATCH", path, `{"paused":true,"reason":"still full","workers":0}`), 200); q.Reason != "still full" || q.Workers != 0 || !q.Since.Equal(since) || q.Rate != 2.5 {
		t.Errorf("%+v", q)
	}
	if q := answered[wire.Queue](t, call(f.s, "POST", path+"/resume", ""), 200); q.Paused || q.Reason != "" || q.Since != nil || q.PausedBy != nil {
		t.Errorf("%+v", q)
	}
	if q := answered[wire.Queue](t, call(f.s, "PATCH", path, `{"paused":true,"reason":"again"}`), 200); !q.Paused || q.Reason != "again" {
		t.Errorf("%+v", q)
	}
	if q := answered[wire.Queue](t, call(f.s, "PATCH", path, `{"paused":false}`), 200); q.Paused {
		t.Errorf("%+v", q)
	}
	entries, err := f.db.Audit(t.Context(), store.AuditRequest{})
	if err != nil || len(entries) != 6 || entries[4].Verb != "pause" || entries[4].Queue != name || entries[4].Reason != "disk full" || entries[5].Verb != "set" {
		t.Errorf("%+v %v", entries, err)
	}
	for _, body := range []string{
		`{}`, `{"workers":-1}`, `{"workers":10001}`, `{"rate":-1}`, `{"rate":1000001}`, `{"rate":1e400}`, `{"worker":1}`,
		`{"paused":false,"reason":"x"}`, `{"reason":"x"}`, `{"workers":1.5}`,
	} {
		refusedWith(t, call(f.s, "PATCH", path, body), wire.CodeBadRequest)
	}
	refusedWith(t, call(f.s, "POST", path+"/pause", `{"reason":"`+strings.Repeat("x", 2000)+`"}`), wire.CodeTooLarge)
	refusedWith(t, call(f.s, "PATCH", "/v1/queues/"+strings.Repeat("q", 300), `{"workers":1}`), wire.CodeBadRequest)
	refusedWith(t, call(f.s, "POST", "/v1/queues/a%00b/pause", ""), wire.CodeBadRequest)
}

func TestBatches(t *testing.T) {
	f := serve(t, false)
	f.batch("nov/1", 5)
	f.batch("oct", 0)
	f.attempt(1, "batch:nov/1", func(*store.Job) queue.Attempt { return queue.Attempt{Verdict: queue.Succeeded} })
	all, err := f.c.Batches(t.Context())
	if err != nil || len(all.Batches) != 2 {
		t.Fatalf("%+v %v", all, err)
	}
	b := all.Batches[0]
	if b.Name != "nov/1" || b.Total != 5 || b.Done != 1 || b.Counts["available"] != 4 || b.State != "open" || b.Queue != "batch:nov/1" || b.CreatedAt == nil || b.InfoMsgpack != nil {
		t.Errorf("%+v", b)
	}
	one, err := f.c.Batch(t.Context(), "nov/1", client.Msgpack)
	if err != nil || string(one.InfoMsgpack) != string(packed(t, "of nov/1")) {
		t.Errorf("%+v %v", one, err)
	}
	_, err = f.c.Batch(t.Context(), "nothing", client.JSON)
	problem(t, err, wire.CodeNotFound)
	problem(t, f.c.DeleteBatch(t.Context(), "nothing"), wire.CodeNotFound)

	f.attempt(1, "batch:nov/1", func(*store.Job) queue.Attempt {
		p := problem(t, f.c.DeleteBatch(t.Context(), "nov/1"), wire.CodeRunning)
		if !strings.Contains(p.Detail, "nov/1") {
			t.Errorf("%+v", p)
		}
		return queue.Attempt{Verdict: queue.Succeeded}
	})
	if err := f.c.DeleteBatch(t.Context(), "nov/1"); err != nil {
		t.Error(err)
	}
	if n := f.count(""); n != 0 {
		t.Errorf("%d members are left", n)
	}
	entries, err := f.db.Audit(t.Context(), store.AuditRequest{})
	if err != nil || len(entries) == 0 || entries[0].Verb != "delete" || entries[0].Batch != "nov/1" {
		t.Errorf("%+v %v", entries, err)
	}
}

func TestStatus(t *testing.T) {
	f := serve(t, true)
	f.handle("k", func(context.Context, *store.Job) (store.Value, error) { return nil, nil })
	f.enqueue(3, queue.NewJob{Kind: "k"})
	f.batch("open", 2)
	f.batch("done", 1)
	f.batch("failed", 1)
	f.attempt(1, "batch:done", func(*store.Job) queue.Attempt { return queue.Attempt{Verdict: queue.Succeeded} })
	f.attempt(1, "batch:failed", func(*store.Job) queue.Attempt {
		return queue.Attempt{Verdict: queue.Hopeless, Failure: &store.Failure{At: time.Now(), Kind: store.FailError}}
	})
	if err := f.q.Pause(t.Context(), "batch:open", ""); err != nil {
		t.Fatal(err)
	}
	f.attempt(1, "default", func(j *store.Job) queue.Attempt {
		v, err := f.c.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Running) != 1 || v.Running[0].ID != j.ID {
			t.Errorf("%+v", v.Running)
		}
		return queue.Attempt{Verdict: queue.Succeeded}
	})
	v, err := f.c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Queues) != 2 || v.Queues[0].Name != "batch:open" || v.Queues[1].Name != "default" || v.Queues[1].OldestAt == nil {
		t.Errorf("%+v", v.Queues)
	}
	if len(v.Batches) != 1 || v.Batches[0].Name != "open" || v.BatchesOpen != 1 || v.BatchesEnded != 2 || v.BatchesFailed != 1 {
		t.Errorf("%+v", v)
	}
	if v.Totals["completed"] != 2 || v.Totals["available"] != 4 || v.Totals["discarded"] != 1 || len(v.Totals) != 8 {
		t.Errorf("%+v", v.Totals)
	}
	if v.Hour.Enqueued != 7 || v.Hour.Completed != 2 || v.Hour.Discarded != 1 {
		t.Errorf("%+v", v.Hour)
	}
	i := v.Info
	if !i.Live || i.API != 1 || i.Version != "v1.2.3" || i.PID == 0 || i.Instance == "" || i.File.Path != f.path || i.File.Format < 2 || i.File.SizeBytes == 0 ||
		strings.Join(i.Kinds, " ") != "k" || i.StartedAt == nil {
		t.Errorf("%+v", i)
	}
	refusedWith(t, call(f.s, "GET", "/v1/status?x=1", ""), wire.CodeBadRequest)
	refusedWith(t, call(f.s, "GET", "/v1/queues?x=1", ""), wire.CodeBadRequest)
	refusedWith(t, call(f.s, "GET", "/v1/batches?x=1", ""), wire.CodeBadRequest)
}

// Of thousands of batches the status shows those that matter.
func TestStatusOfManyBatches(t *testing.T) {
	f := serve(t, false)
	for i := range shownBatches + 50 {
		f.batch(fmt.Sprintf("b%04d", i), 1)
	}
	f.attempt(1, "batch:b0000", func(*store.Job) queue.Attempt {
		v, err := f.c.Status(t.Context())
		if err != nil || len(v.Batches) != shownBatches || v.BatchesOpen != shownBatches+50 {
			t.Fatalf("%d of %d %v", len(v.Batches), v.BatchesOpen, err)
		}
		if v.Batches[0].Name != "b0000" || v.Batches[0].State != "running" || v.Batches[1].Name != "b0051" {
			t.Errorf("%+v %+v", v.Batches[0], v.Batches[1])
		}
		return queue.Attempt{Verdict: queue.Succeeded}
	})
}
