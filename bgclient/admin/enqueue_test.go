package admin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func TestEnqueue(t *testing.T) {
	f := serve(t, false)
	at := time.Now().Add(time.Hour).UTC()
	id := store.NewID()
	stored, err := f.c.Enqueue(t.Context(), "",
		wire.NewJob{Kind: "plain"},
		wire.NewJob{
			ID: id, Kind: "full", Queue: "q", Args: []byte(`{"n":9007199254740993}`), Priority: -3, RunAt: &at,
			MaxAttempts: 7, MaxRecoveries: -1, TimeoutMS: 1500, Unique: "u", UniqueUntil: "deleted", Tags: []string{"a", "b"}, Trace: "00-1-2-01",
		},
		wire.NewJob{Kind: "raw", ArgsMsgpack: packed(t, []byte{1, 2}), DelayMS: 60_000},
		wire.NewJob{Kind: "held", Hold: true},
	)
	if err != nil || len(stored) != 4 || stored[1].ID != id || stored[0].Existing {
		t.Fatalf("%+v %v", stored, err)
	}
	get := func(i int) *store.Job {
		j, err := f.q.Get(t.Context(), stored[i].ID, store.PartArgs)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	if j := get(0); j.State != store.Available || j.Queue != "default" || string(j.Args) != "\xc0" || j.MaxAttempts != queue.DefaultMaxAttempts || j.Token != "" {
		t.Errorf("%+v", j)
	}
	if j := get(1); j.State != store.Scheduled || !j.RunAt.Equal(at) || j.Queue != "q" || string(j.Args) != string(packed(t, map[string]uint64{"n": 1<<53 + 1})) ||
		j.Priority != -3 || j.MaxAttempts != 7 || j.MaxRecoveries != 0 || j.Timeout != 1500*time.Millisecond ||
		j.Unique != "u" || j.UniqueUntil != store.UntilDeleted || len(j.Tags) != 2 || j.Trace == "" {
		t.Errorf("%+v", j)
	}
	if j := get(2); string(j.Args) != string(packed(t, []byte{1, 2})) || j.State != store.Scheduled || j.RunAt.Sub(j.CreatedAt).Round(time.Second) != time.Minute {
		t.Errorf("%+v", j)
	}
	if j := get(3); j.State != store.Pending {
		t.Errorf("%+v", j)
	}
	entries, err := f.db.Audit(t.Context(), store.AuditRequest{Job: id})
	if err != nil || len(entries) != 1 || entries[0].Verb != "enqueue" || len(entries[0].Jobs) != 4 || entries[0].Actor != operator {
		t.Errorf("%+v %v", entries, err)
	}
	again, err := f.c.Enqueue(t.Context(), "", wire.NewJob{ID: id, Kind: "full"})
	if err != nil || !again[0].Existing || again[0].ID != id {
		t.Errorf("%+v %v", again, err)
	}
}

func TestEnqueueRefuses(t *testing.T) {
	f := serve(t, false)
	for _, c := range []struct {
		job  string
		code wire.Code
		says string
	}{
		{`{}`, wire.CodeBadRequest, "kind"},
		{`{"kind":"` + strings.Repeat("k", 300) + `"}`, wire.CodeBadRequest, "300 bytes"},
		{`{"kind":"k","queue":"a\u0000"}`, wire.CodeBadRequest, "NUL"},
		{`{"kind":"k","args":18446744073709551616}`, wire.CodeBadRequest, "64 bits"},
		{`{"kind":"k","args":1,"args_msgpack":"wA=="}`, wire.CodeBadRequest, "either"},
		{`{"kind":"k","args_msgpack":"3f////8="}`, wire.CodeBadRequest, "msgpack"},
		{`{"kind":"k","args_msgpack":""}`, wire.CodeBadRequest, "msgpack"},
		{`{"kind":"k","args":"` + strings.Repeat("x", 1<<20) + `"}`, wire.CodeTooLarge, "too large"},
		{`{"kind":"k","run_at":"2026-11-22T00:00:00Z","delay_ms":1}`, wire.CodeBadRequest, "either run_at or delay_ms"},
		{`{"kind":"k","run_at":"9999-01-01T00:00:00Z"}`, wire.CodeBadRequest, "2262"},
		{`{"kind":"k","run_at":"tomorrow"}`, wire.CodeBadRequest, "tomorrow"},
		{`{"kind":"k","delay_ms":-1}`, wire.CodeBadRequest, "delay_ms"},
		{`{"kind":"k","timeout_ms":9223372036854775807}`, wire.CodeBadRequest, "timeout_ms"},
		{`{"kind":"k","max_attempts":-1}`, wire.CodeBadRequest, "MaxAttempts"},
		{`{"kind":"k","priority":40000}`, wire.CodeBadRequest, "priority"},
		{`{"kind":"k","hold":true,"delay_ms":5}`, wire.CodeBadRequest, "held"},
		{`{"kind":"k","unique":"u","unique_until":"x"}`, wire.CodeBadRequest, "unique_until"},
		{`{"kind":"k","unique":"u","on_conflict":"x"}`, wire.CodeBadRequest, "on_conflict"},
		{`{"kind":"k","on_conflict":"skip"}`, wire.CodeBadRequest, "unique key"},
		{`{"kind":"k","id":"1"}`, wire.CodeBadRequest, "26"},
	} {
		// Of several jobs either all are stored or none.
		for _, body := range []string{`{"jobs":[` + c.job + `]}`, `{"jobs":[{"kind":"first"},` + c.job + `]}`} {
			p := refusedWith(t, call(f.s, "POST", "/v1/jobs", body), c.code)
			if !strings.Contains(p.Detail+p.Hint, c.says) {
				t.Errorf("%.80s: %+v should mention %q", c.job, p, c.says)
			}
		}
	}
	refusedWith(t, call(f.s, "POST", "/v1/jobs", `{"jobs":[]}`), wire.CodeBadRequest)
	many := strings.Repeat(`{"kind":"k"},`, maxNamed) + `{"kind":"k"}`
	refusedWith(t, call(f.s, "POST", "/v1/jobs", `{"jobs":[`+many+`]}`), wire.CodeTooLarge)
	many = strings.Repeat(`{},`, 2_000_000) + `{}`
	refusedWith(t, call(f.s, "POST", "/v1/jobs", `{"jobs":[`+many+`]}`), wire.CodeTooLarge)
	if n := f.count(""); n != 0 {
		t.Errorf("%d jobs were stored", n)
	}
}

func TestUniqueKeys(t *testing.T) {
	f := serve(t, false)
	skip := wire.NewJob{Kind: "k", Unique: "u"}
	refuse := wire.NewJob{Kind: "k", Unique: "u", OnConflict: "refuse"}
	first, err := f.c.Enqueue(t.Context(), "", skip)
	if err != nil {
		t.Fatal(err)
	}
	second, err := f.c.Enqueue(t.Context(), "", skip)
	if err != nil || !second[0].Existing || second[0].ID != first[0].ID {
		t.Errorf("%+v %v", second, err)
	}
	_, err = f.c.Enqueue(t.Context(), "", refuse)
	if p := problem(t, err, wire.CodeDuplicate); p.Holder != first[0].ID.String() || !strings.Contains(p.Detail, `"u"`) {
		t.Errorf("%+v", p)
	}
	_, err = f.c.Enqueue(t.Context(), "", wire.NewJob{Kind: "other"}, refuse)
	if p := problem(t, err, wire.CodeDuplicate); !strings.Contains(p.Detail, "jobs[1]") || !strings.Contains(p.Detail, "others are stored") {
		t.Errorf("%+v", p)
	}
	if n := f.count("kind:other"); n != 1 {
		t.Errorf("%d others", n)
	}
}

func TestIdempotencyKey(t *testing.T) {
	f := serve(t, false)
	jobs := []wire.NewJob{{Kind: "a", Args: []byte(`[1]`)}, {Kind: "b", Queue: "q", Unique: "u", OnConflict: "refuse"}}
	first, err := f.c.Enqueue(t.Context(), "key 1", jobs...)
	if err != nil || first[0].Existing || first[1].Existing {
		t.Fatalf("%+v %v", first, err)
	}
	for range 2 { // also what was refused for others is the same for who has asked before
		again, err := f.c.Enqueue(t.Context(), "key 1", jobs...)
		if err != nil || len(again) != 2 {
			t.Fatalf("%+v %v", again, err)
		}
		for i := range again {
			if !again[i].Existing || again[i].ID != first[i].ID {
				t.Errorf("%+v, first %+v", again, first)
			}
		}
	}
	for what, other := range map[string][]wire.NewJob{
		"kind":  {{Kind: "x", Args: []byte(`[1]`)}},
		"queue": {{Kind: "a", Args: []byte(`[1]`), Queue: "x"}},
		"args":  {{Kind: "a", Args: []byte(`[2]`)}},
		"none":  {{Kind: "a"}},
	} {
		_, err := f.c.Enqueue(t.Context(), "key 1", other...)
		if p := problem(t, err, wire.CodeKeyReused); p.Hint == "" {
			t.Errorf("%s: %+v", what, p)
		}
	}
	_, err = f.c.Enqueue(t.Context(), "key 1", jobs[0], wire.NewJob{Kind: "b"})
	if p := problem(t, err, wire.CodeKeyReused); !strings.Contains(p.Detail, "jobs[1]") || !strings.Contains(p.Detail, "the others are stored") {
		t.Errorf("%+v", p)
	}
	if other, err := f.c.Enqueue(t.Context(), "key 2", jobs[0]); err != nil || other[0].Existing {
		t.Errorf("%+v %v", other, err)
	}
	if n := f.count(""); n != 3 {
		t.Errorf("%d jobs", n)
	}
	// The key is one of the API: a token of the program with the same text is another.
	if own, err := f.q.Enqueue(t.Context(), queue.NewJob{Kind: "a", Token: "key 1#0"}); err != nil || own[0].Existing {
		t.Errorf("%+v %v", own, err)
	}
	for _, key := range []string{"", strings.Repeat("k", maxKey+1), "é", "a\tb"} {
		w := call(f.s, "POST", "/v1/jobs", `{"jobs":[{"kind":"k"}]}`, "Idempotency-Key", key)
		refusedWith(t, w, wire.CodeBadRequest)
	}
	w := call(f.s, "POST", "/v1/jobs", `{"jobs":[{"kind":"k"}]}`, "Idempotency-Key", strings.Repeat("k", maxKey))
	answered[wire.Enqueued](t, w, http.StatusCreated)
}
