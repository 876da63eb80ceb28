package admin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

const (
	fuzzPatience = 100 * time.Millisecond // for waits and streams
	fuzzHang     = 20 * time.Second       // nothing takes longer than that
	fuzzAnswer   = 4 << 20                // bytes of the largest answer, with as few jobs as there are here
	fuzzJobs     = 2000                   // that may gather before they are deleted
)

// target is what is fuzzed: a server over a real file in which there is something of everything.
type target struct {
	*fixture
	ids []store.ID
}

func newTarget(f *testing.F) *target {
	x := &target{fixture: serve(f, true)}
	x.handle("k", func(ctx context.Context, _ *store.Job) (store.Value, error) {
		executor.Logger(ctx).Info("hello")
		<-ctx.Done()
		return nil, ctx.Err()
	})
	x.ids = append(x.discarded(3, "dead"), x.enqueue(2, queue.NewJob{Kind: "k"})...)
	x.ids = append(x.ids, x.enqueue(2, queue.NewJob{Kind: "a", Queue: "q", Args: store.Value("\x81\xa1x\x01"), Unique: queue.Unique{Key: "u"}})...)
	b, _, err := x.q.OpenBatch(context.Background(), queue.BatchSpec{Name: "n", Kind: "a", Total: 3})
	if err != nil {
		f.Fatal(err)
	}
	x.enqueue(1, queue.NewJob{Kind: b.Kind, Queue: b.Queue, Batch: b.Name, ID: b.Base.Member(1), Index: 1})
	x.start("default")
	return x
}

// send sends a request that may be anything, and holds what must be true of any answer.
func (x *target) send(t *testing.T, method, path, query, kind, body string) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), fuzzPatience)
	defer cancel()
	r := (&http.Request{
		Method: method, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{"Content-Type": {kind}, "Accept": {"application/x-ndjson"}},
		Host: "localhost", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
	}).WithContext(ctx)
	if body != "" {
		*r = *httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)).WithContext(ctx)
		r.Method, r.URL, r.Header = method, &url.URL{Path: path, RawQuery: query}, http.Header{"Content-Type": {kind}}
	}
	w := httptest.NewRecorder()
	began := time.Now()
	x.s.ServeHTTP(w, r)
	if took := time.Since(began); took > fuzzHang {
		t.Errorf("it took %v", took)
	}
	if n := w.Body.Len(); n > fuzzAnswer && path != "/v1/backup" {
		t.Errorf("the answer has %d bytes", n)
	}
	if w.Code >= 400 {
		p := wire.Problem{}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || p.Detail == "" {
			t.Errorf("%d %q is no problem: %v", w.Code, w.Body, err)
		}
		switch p.Code {
		case wire.CodeInternal, wire.CodeDamaged, wire.CodeUnknown:
			t.Errorf("%s %q ?%q %q: %+v", method, path, query, body, p)
		}
	}
	x.tidy(t)
	return w
}

// tidy deletes what has gathered.
func (x *target) tidy(t *testing.T) {
	rows, err := x.db.Count(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if queue.Total(rows) < fuzzJobs {
		return
	}
	page, err := x.db.List(context.Background(), store.ListRequest{Limit: fuzzJobs})
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]store.ID, len(page.Jobs))
	for i := range page.Jobs {
		ids[i] = page.Jobs[i].ID
	}
	if _, err := x.q.Delete(context.Background(), ids...); err != nil {
		t.Fatal(err)
	}
}

// bodies are of requests that make sense.
func (x *target) bodies() []string {
	id := x.ids[0].String()
	return []string{
		`{"jobs":[{"kind":"a","args":{"x":[1,2.5,"é",null,{"$bin":"AA=="}]},"queue":"q","priority":-5,"delay_ms":10,"tags":["t"],"unique":"u","on_conflict":"refuse"}]}`,
		`{"jobs":[{"id":"` + id + `","kind":"a","args_msgpack":"wA==","run_at":"2026-11-22T12:00:00Z","hold":true,"max_attempts":3,"timeout_ms":5}]}`,
		`{"action":"retry","ids":["` + id + `"],"reason":"r"}`, `{"action":"delete","filter":"kind:a error~\"x\"","limit":5,"expect":1,"rate":50}`,
		`{"action":"verify"}`, `{"action":"run-now","filter":"state:scheduled","rate":1e9}`, `{"paused":true,"reason":"r","workers":2,"rate":0.5}`, `{"reason":"r"}`,
		``, `{}`, `[]`, `null`, `{"jobs":null}`, `{"jobs":[null]}`, `{"ids":[""]}`, "{\"reason\":\"\xff\x00\"}", `{"rate":1e999}`, `{"limit":-9223372036854775808}`,
	}
}

// queries are of requests that make sense, and of some that make none.
func (x *target) queries() []string {
	cursor := base64.RawURLEncoding.EncodeToString(make([]byte, 40))
	return []string{
		"", "q=state:failed+kind:a,b+-queue:q+error~%22x%22+age%3E1h+attempts%3E%3D3&limit=3&parts=args,result,failures&values=msgpack",
		"q=batch:n&order=asc&from=1", "cursor=" + cursor, "by=state,kind,queue&q=tag:x", "wait=1m&after=2&limit=1", "timeout=1s&values=json",
		"action=retry&q=kind:a&limit=7", "window=35d&step=1m&by=kind", "window=-1h&step=1ns", "job=" + x.ids[0].String() + "&before=3&limit=9", "after=abcdefghij-3&q=kind:a",
		"limit=99999999999999999999&from=-1", "a;b=%zz", "q=" + strings.Repeat("-", 5000), "q=%00%ff", "wait=1e9h", "limit=1&limit=2",
	}
}

func (x *target) paths() []string {
	paths := []string{"/", "/v1", "/v1/jobs/", "/v1/jobs/../info", "//v1/info", "v1/info", "/v1/queues/a%2fb", "/v1/queues/\x00\xff", "/v1/jobs/" + strings.Repeat("Z", 26)}
	for _, table := range routeTables {
		for _, rt := range table {
			_, path, _ := strings.Cut(rt.pattern, " ")
			paths = append(paths, strings.NewReplacer("{id}", x.ids[0].String(), "{name}", "n", "{action}", "retry").Replace(path))
		}
	}
	return paths
}

// FuzzRequest: whatever is sent, the answer is one that was thought of, and comes soon.
func FuzzRequest(f *testing.F) {
	x := newTarget(f)
	queries, bodies := x.queries(), x.bodies()
	for i, path := range x.paths() {
		f.Add("GET", path, queries[i%len(queries)], "", "")
		f.Add("POST", path, "", "application/json", bodies[i%len(bodies)])
		f.Add("DELETE", path, "", "", "")
		f.Add("PATCH", path, queries[(i+3)%len(queries)], "text/plain", "x")
		f.Add("HEAD", path, "", "", "")
	}
	f.Fuzz(func(t *testing.T, method, path, query, kind, body string) {
		x.send(t, method, path, query, kind, body)
	})
}

// FuzzQuery: the parameters of what can be read: filters, cursors, numbers, durations.
func FuzzQuery(f *testing.F) {
	x := newTarget(f)
	var paths []string
	for _, table := range routeTables {
		for _, rt := range table {
			if path, ok := strings.CutPrefix(rt.pattern, "GET "); ok && path != "/v1/backup" {
				paths = append(paths, strings.NewReplacer("{id}", x.ids[3].String(), "{name}", "n").Replace(path))
			}
		}
	}
	for i := range paths {
		for _, query := range x.queries() {
			f.Add(uint8(i), query)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, query string) {
		path := paths[int(which)%len(paths)]
		w := x.send(t, http.MethodGet, path, query, "", "")
		if path != "/v1/jobs" || w.Code != http.StatusOK {
			return
		}
		// What comes with a page leads to the next one.
		page := wire.JobPage{}
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		if values, err := url.ParseQuery(query); err == nil && page.Next != "" {
			values.Set("cursor", page.Next)
			if next := x.send(t, http.MethodGet, path, values.Encode(), "", ""); next.Code != http.StatusOK {
				t.Errorf("?%s: %d %s", query, next.Code, next.Body)
			}
		}
	})
}

// FuzzBody: the bodies of what changes something.
func FuzzBody(f *testing.F) {
	x := newTarget(f)
	targets := []struct{ method, path string }{
		{"POST", "/v1/jobs"}, {"POST", "/v1/jobs/act"}, {"POST", "/v1/operations"}, {"PATCH", "/v1/queues/q"}, {"POST", "/v1/queues/q/pause"},
		{"POST", "/v1/jobs/" + x.ids[0].String() + "/cancel"},
	}
	for i := range targets {
		for _, body := range x.bodies() {
			f.Add(uint8(i), body)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		to := targets[int(which)%len(targets)]
		x.send(t, to.method, to.path, "", "application/json", body)
	})
}
