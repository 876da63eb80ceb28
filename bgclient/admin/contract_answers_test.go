package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// The streams are text to a validator.
func init() {
	for _, kind := range []string{"text/event-stream", "application/x-ndjson"} {
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.PlainBodyDecoder)
	}
}

// notary sends requests, and compares them and their answers with the specification.
type notary struct {
	t       *testing.T
	doc     *openapi3.T
	h       http.Handler
	success map[string]int       // by operation
	codes   map[wire.Code]string // and the request that brought it about
}

// ask sends a request, which has to be answered with that status, and returns the body of the answer.
func (n *notary) ask(status int, method, target, body string, header ...string) []byte {
	n.t.Helper()
	var in io.Reader = http.NoBody
	if body != "" {
		in = strings.NewReader(body)
	}
	ctx, cancel := context.WithTimeout(n.t.Context(), time.Minute) // which ends streams
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, target, in)
	r.Host, r.RemoteAddr = "localhost", "127.0.0.1:1234"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	n.h.ServeHTTP(w, r)
	if w.Code != status {
		n.t.Fatalf("%s %s %s: %d, not %d: %s", method, target, body, w.Code, status, w.Body)
	}
	n.check(r, body, w)
	return w.Body.Bytes()
}

// check compares an exchange with the specification.
func (n *notary) check(r *http.Request, body string, w *httptest.ResponseRecorder) {
	n.t.Helper()
	what := r.Method + " " + r.URL.String()
	if w.Code >= 400 {
		p := wire.Problem{}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
			n.t.Errorf("%s: %v: %s", what, err, w.Body)
		}
		valid(n.t, "Problem", p)
		n.codes[p.Code] = what
	}
	method, path, ok := strings.Cut(r.Pattern, " ")
	if !ok { // nothing is there
		return
	}
	item := n.doc.Paths.Value(path)
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: map[string]string{"id": r.PathValue("id"), "name": r.PathValue("name"), "action": r.PathValue("action")},
		Route:   &routers.Route{Spec: n.doc, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method)},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if w.Code < 300 {
		n.success[in.Route.Operation.OperationID]++
		r.Body = io.NopCloser(strings.NewReader(body))
		if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
			n.t.Errorf("%s: the request is not as specified: %v", what, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: w.Code, Header: w.Header(), Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	out.SetBodyBytes(w.Body.Bytes())
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		n.t.Errorf("%s: the answer is not as specified: %v\n%s", what, err, w.Body)
	}
}

// TestAnswersAreSpecified: real answers of each operation, and all problems that a client can bring about.
func TestAnswersAreSpecified(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		n := &notary{t: t, doc: spec(t), h: f.s, success: map[string]int{}, codes: map[wire.Code]string{}}
		ids := n.seed(f)
		n.askForJobs(ids)
		n.askForOperations(f)
		n.askForTheRest(f)
		n.askForTrouble(f, ids)
		for _, item := range n.doc.Paths.Map() {
			for _, o := range item.Operations() {
				if n.success[o.OperationID] == 0 {
					t.Errorf("%s was never answered", o.OperationID)
				}
			}
		}
		for _, code := range codesOfWire(t) {
			// These take a disk that fails.
			if _, seen := n.codes[wire.Code(code)]; !seen && !slices.Contains([]string{"internal", "damaged", "unknown", "timeout", "no_space"}, code) {
				t.Errorf("no request was answered with %s", code)
			}
		}
		t.Logf("%d operations, the problems %v", len(n.success), slices.Sorted(maps.Keys(n.codes)))
	})
}

// seed stores a job of every sort.
func (n *notary) seed(f *fixture) map[string]store.ID {
	f.handle("slow", func(ctx context.Context, j *store.Job) (store.Value, error) {
		executor.Logger(ctx).Info("here we go")
		<-ctx.Done()
		return nil, ctx.Err()
	})
	f.handle("good", func(ctx context.Context, j *store.Job) (store.Value, error) { return j.Args, nil })
	f.handle("bad", func(ctx context.Context, j *store.Job) (store.Value, error) {
		return nil, executor.Permanent(fmt.Errorf("reading: %w", io.ErrUnexpectedEOF))
	})
	f.handle("panics", func(ctx context.Context, j *store.Job) (store.Value, error) { panic("oh") })
	args := store.Value("\x82\xa1a\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00\xa1b\xc4\x01\x00")
	ids := map[string]store.ID{}
	for name, j := range map[string]queue.NewJob{
		"running": {Kind: "slow", Queue: "slow"}, "completed": {Kind: "good", Args: args, Tags: []string{"x"}, Timeout: time.Second, Trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
		"discarded": {Kind: "bad", Priority: -3}, "retryable": {Kind: "panics"}, "available": {Kind: "nobody", Unique: queue.Unique{Key: "u"}},
		"scheduled": {Kind: "good", RunAt: time.Now().Add(time.Hour)}, "pending": {Kind: "good", Hold: true}, "cancelled": {Kind: "good", Hold: true},
	} {
		ids[name] = f.enqueue(1, j)[0]
	}
	b, _, err := f.q.OpenBatch(n.t.Context(), queue.BatchSpec{Name: "nov", Kind: "good", Total: 3, Info: args})
	if err != nil {
		n.t.Fatal(err)
	}
	f.enqueue(1, queue.NewJob{Kind: b.Kind, Queue: b.Queue, Batch: b.Name, ID: b.Base.Member(1), Index: 1, Kept: true})
	f.start("default", "slow")
	if _, err := f.q.Cancel(n.t.Context(), "no need", ids["cancelled"]); err != nil {
		n.t.Fatal(err)
	}
	time.Sleep(time.Second)
	return ids
}

func (n *notary) askForJobs(ids map[string]store.ID) {
	for _, target := range []string{
		"/v1/info", "/v1/openapi.yaml", "/v1/status", "/v1/jobs", "/v1/jobs?parts=args,result,failures", "/v1/jobs?parts=args&values=msgpack&limit=3&order=asc",
		"/v1/jobs?q=batch:nov&order=asc&from=1", "/v1/jobs/count", "/v1/jobs/count?q=state:failed&by=state,kind,queue", "/v1/jobs/count?q=age%3E1h",
		"/v1/jobs/" + ids["completed"].String() + "/result", "/v1/jobs/" + ids["completed"].String() + "/result?values=msgpack",
		"/v1/jobs/" + ids["running"].String() + "/stack", "/v1/jobs/" + ids["running"].String() + "/logs?wait=1s&after=0&limit=5",
	} {
		n.ask(200, "GET", target, "")
	}
	for _, id := range ids {
		for _, what := range []string{"", "?values=msgpack", "/failures", "/logs", "/why", "/history", "/wait?timeout=1s&values=json"} {
			n.ask(200, "GET", "/v1/jobs/"+id.String()+what, "")
		}
	}
	for _, c := range []struct {
		status       int
		target, body string
	}{
		{201, "/v1/jobs", `{"jobs":[{"kind":"mail","queue":"mail","args":{"to":7},"delay_ms":60000,"tags":["a"],"unique":"mail-7","unique_until":"start","on_conflict":"refuse"},{"kind":"x","args_msgpack":"wA=="}]}`},
		{200, "/v1/jobs/act", fmt.Sprintf(`{"action":"hold","ids":[%q,%q,%q],"reason":"later"}`, ids["available"], ids["running"], store.NewID())},
		{200, "/v1/jobs/" + ids["pending"].String() + "/release", ""},
		{200, "/v1/jobs/" + ids["scheduled"].String() + "/run-now", `{"reason":"now"}`},
		{200, "/v1/jobs/" + ids["discarded"].String() + "/retry", ""},
	} {
		n.ask(c.status, "POST", c.target, c.body)
	}
	n.ask(201, "POST", "/v1/jobs", `{"jobs":[{"kind":"once"}]}`, "Idempotency-Key", "k1")
	n.ask(201, "POST", "/v1/jobs", `{"jobs":[{"kind":"once"}]}`, "Idempotency-Key", "k1")
	n.ask(200, "DELETE", "/v1/jobs/"+ids["cancelled"].String(), "")
	n.ask(200, "GET", "/v1/jobs/"+ids["cancelled"].String()+"/history", "")
}

func (n *notary) askForOperations(f *fixture) {
	n.ask(200, "GET", "/v1/selection?action=retry&q=state:failed&limit=10", "")
	n.ask(200, "GET", "/v1/selection?action=delete&q=kind:nothing", "")
	for _, body := range []string{
		`{"action":"retry","filter":"kind:panics","expect":1,"limit":5,"rate":50,"reason":"why not"}`,
		fmt.Sprintf(`{"action":"delete","ids":[%q]}`, store.NewID()), `{"action":"verify"}`, `{"action":"compact","reason":"space"}`,
	} {
		var op wire.Operation
		if err := json.Unmarshal(n.ask(202, "POST", "/v1/operations", body), &op); err != nil {
			n.t.Fatal(err)
		}
		n.ask(200, "GET", "/v1/operations/"+op.ID+"?wait=1m", "")
		n.ask(200, "DELETE", "/v1/operations/"+op.ID, "")
	}
	n.ask(200, "GET", "/v1/operations", "")
	f.s.cfg.File = slowFile{f.db}
	n.ask(202, "POST", "/v1/operations", `{"action":"verify"}`)
	n.ask(409, "POST", "/v1/operations", `{"action":"verify"}`)
	n.ask(200, "GET", "/v1/status", "")
	n.ask(200, "DELETE", "/v1/operations/"+f.s.ops.running()[0].ID, "")
	f.s.cfg.File = nil
	n.ask(501, "POST", "/v1/operations", `{"action":"verify"}`)
	n.ask(501, "GET", "/v1/backup", "")
	f.s.cfg.File = f.db
	n.ask(200, "GET", "/v1/backup", "")
}

func (n *notary) askForTheRest(f *fixture) {
	position := f.db.Position()
	n.ask(200, "PATCH", "/v1/queues/default", `{"workers":3,"rate":0.5}`)
	n.ask(200, "POST", "/v1/queues/default/pause", `{"reason":"the disk is full"}`)
	n.ask(200, "GET", "/v1/queues", "")
	n.ask(200, "GET", "/v1/status", "")
	n.ask(200, "POST", "/v1/queues/default/resume", "")
	n.ask(200, "GET", "/v1/queues/slow", "")
	n.ask(200, "GET", "/v1/batches", "")
	n.ask(200, "GET", "/v1/batches/nov?values=msgpack", "")
	n.ask(204, "DELETE", "/v1/batches/nov", "")
	n.ask(200, "GET", "/v1/stats?window=2h&by=kind&step=5m", "")
	n.ask(200, "GET", "/v1/stats?by=queue", "")
	n.ask(200, "GET", "/v1/stats", "")
	n.ask(200, "GET", "/v1/errors", "")
	n.ask(200, "GET", "/v1/errors?q=queue:default", "")
	n.ask(200, "GET", "/v1/audit", "")
	n.ask(200, "GET", "/v1/audit?limit=1&before=7&job="+store.NewID().String(), "")
	n.ask(200, "GET", "/v1/events?q=queue:default", "", "Last-Event-ID", position)
	types := map[string]bool{}
	for line := range bytes.Lines(n.ask(200, "GET", "/v1/events?after=gone-1", "", "Accept", "application/x-ndjson")) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		e := wire.Event{}
		if err := json.Unmarshal(line, &e); err != nil {
			n.t.Fatal(err)
		}
		types[e.Type] = true
		valid(n.t, "Event", json.RawMessage(line))
	}
	if len(types) != 3 {
		n.t.Errorf("there were events of the types %v", types)
	}
}

func (n *notary) askForTrouble(f *fixture, ids map[string]store.ID) {
	running, unknown := "/v1/jobs/"+ids["running"].String(), "/v1/jobs/"+store.NewID().String()
	for _, c := range []struct {
		status               int
		method, target, body string
	}{
		{400, "GET", "/v1/jobs/x", ""}, {400, "GET", "/v1/jobs?limit=x", ""}, {400, "GET", "/v1/jobs?q=kidn:x", ""}, {400, "GET", "/v1/jobs?cursor=x", ""},
		{400, "GET", "/v1/selection?action=retry", ""}, {400, "GET", "/v1/events?q=age%3E1h", ""}, {400, "GET", "/v1/stats?window=x", ""},
		{404, "GET", "/v1/nothing", ""}, {405, "PUT", "/v1/jobs", ""}, {404, "GET", unknown, ""}, {404, "GET", unknown + "/history", ""},
		{404, "GET", unknown + "/logs", ""}, {404, "POST", unknown + "/retry", ""}, {404, "GET", "/v1/queues/nothing", ""}, {404, "GET", "/v1/batches/nothing", ""},
		{404, "DELETE", "/v1/batches/nothing", ""}, {404, "GET", "/v1/operations/nothing", ""}, {404, "GET", "/v1/jobs/" + ids["completed"].String() + "/stack", ""},
		{409, "GET", running + "/result", ""}, {409, "GET", "/v1/jobs/" + ids["discarded"].String() + "/result", ""}, {409, "DELETE", running, ""},
		{409, "POST", "/v1/operations", `{"action":"retry","filter":"kind:panics","expect":77}`},
		{409, "POST", "/v1/jobs", `{"jobs":[{"kind":"x","unique":"u","on_conflict":"refuse"}]}`},
		{413, "POST", "/v1/jobs/act", `{"action":"retry","ids":[` + strings.Repeat(`"`+ids["running"].String()+`",`, maxNamed) + `"` + ids["running"].String() + `"]}`},
		{400, "POST", "/v1/operations", `{"action":"explode","filter":"kind:k"}`}, {400, "PATCH", "/v1/queues/default", `{}`},
	} {
		n.ask(c.status, c.method, c.target, c.body)
	}
	n.ask(409, "POST", "/v1/jobs", `{"jobs":[{"kind":"another"}]}`, "Idempotency-Key", "k1")
	n.ask(415, "POST", "/v1/jobs", `jobs=1`, "Content-Type", "text/plain")
	n.ask(200, "POST", "/v1/jobs/"+ids["available"].String()+"/cancel", `{"reason":"enough"}`)
	n.ask(409, "GET", "/v1/jobs/"+ids["available"].String()+"/result", "")
	f.discarded(9, "k")
	for range maxOperations {
		n.ask(202, "POST", "/v1/operations", `{"action":"delete","filter":"kind:k","rate":0.01}`)
	}
	n.ask(429, "POST", "/v1/operations", `{"action":"delete","filter":"state:finalised"}`)

	n.h = f.s.Handler(Access{Token: "secret"})
	n.ask(401, "GET", "/v1/status", "")
	n.h = f.s.Handler(Access{Authorize: func(*http.Request, bool) (string, error) { return "", io.EOF }})
	n.ask(403, "GET", "/v1/status", "")
	n.h = f.s.Handler(Access{ReadOnly: true})
	n.ask(200, "GET", "/v1/info", "")
	n.ask(503, "POST", running+"/cancel", "")

	offline, err := New(Config{Queue: f.q, File: f.db, Actor: operator})
	if err != nil {
		n.t.Fatal(err)
	}
	n.h = offline
	n.ask(200, "GET", "/v1/info", "")
	n.ask(200, "GET", "/v1/status", "")
	n.ask(501, "GET", "/v1/events", "")
	n.ask(501, "GET", running+"/stack", "")
	if err := offline.Close(n.t.Context()); err != nil {
		n.t.Fatal(err)
	}
	n.ask(503, "GET", "/v1/status", "")
}
