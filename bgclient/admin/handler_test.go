package admin

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
)

// call sends a request to a handler, as curl would. A body is JSON unless the header says otherwise.
func call(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, path, in)
	r.RemoteAddr, r.Host = "127.0.0.1:1234", "localhost:8080"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		switch header[i] {
		case "Host":
			r.Host = header[i+1]
		case "Remote":
			r.RemoteAddr = header[i+1]
		default:
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// refusedWith checks that an answer is a problem, and returns it.
func refusedWith(t *testing.T, w *httptest.ResponseRecorder, code wire.Code) *wire.Problem {
	t.Helper()
	p := &wire.Problem{}
	if err := json.Unmarshal(w.Body.Bytes(), p); err != nil {
		t.Fatalf("%d %q: %v", w.Code, w.Body, err)
	}
	if w.Header().Get("Content-Type") != "application/problem+json" || w.Code != p.Status {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	problem(t, p, code)
	return p
}

// answered decodes an answer that must be a success.
func answered[T any](t *testing.T, w *httptest.ResponseRecorder, status int) *T {
	t.Helper()
	v := new(T)
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil || w.Code != status {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return v
}

func TestPathsAndMethods(t *testing.T) {
	f := serve(t, false)
	id := f.enqueue(1, queue.NewJob{Kind: "k"})[0].String()
	mounted := http.StripPrefix("/ops/bgq", f.s.Handler(Access{}))
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/v1/info", 200, ""},
		{"HEAD", "/v1/info", 200, ""},
		{"GET", "/v1/jobs/" + id, 200, ""},
		{"GET", "/", 404, ""},
		{"GET", "/v1", 404, ""},
		{"GET", "/v1/nothing", 404, ""},
		{"GET", "/v1/jobs/", 404, ""},
		{"GET", "//v1/jobs", 404, ""},
		{"GET", "/v1/../v1/jobs", 404, ""},
		{"GET", "/v1/jobs/" + id + "/nothing", 405, "POST"}, // what is done there is told by who does it
		{"POST", "/v1/jobs/" + id + "/nothing", 404, ""},
		{"POST", "/v1/info", 405, "GET, HEAD"},
		{"PUT", "/v1/jobs", 405, "GET, HEAD, POST"},
		{"POST", "/v1/jobs/" + id, 405, "GET, HEAD, DELETE"},
		{"BREW", "/v1/queues/a", 405, "GET, HEAD, PATCH"},
	} {
		for name, h := range map[string]http.Handler{"": f.s, "/ops/bgq": mounted} {
			w := call(h, c.method, name+c.path, "")
			if w.Code != c.status || w.Header().Get("Allow") != c.allow {
				t.Errorf("%s %s%s: %d %q, want %d %q: %s", c.method, name, c.path, w.Code, w.Header().Get("Allow"), c.status, c.allow, w.Body)
			}
			if c.status == 404 {
				refusedWith(t, w, wire.CodeNotFound)
			}
			if c.status == 405 {
				refusedWith(t, w, wire.CodeNotAllowed)
			}
		}
	}
}

func TestBodies(t *testing.T) {
	f := serve(t, false)
	for _, c := range []struct {
		what, method, path, body string
		header                   []string
		code                     wire.Code
		says                     string
	}{
		{"no body", "POST", "/v1/jobs", "", nil, wire.CodeBadRequest, "empty"},
		{"not JSON", "POST", "/v1/jobs", "kind=x", nil, wire.CodeBadRequest, "invalid character"},
		{"cut off", "POST", "/v1/jobs", `{"jobs":[`, nil, wire.CodeBadRequest, "unexpected"},
		{"an unknown field", "POST", "/v1/jobs", `{"jobs":[{"kind":"k","prio":1}]}`, nil, wire.CodeBadRequest, `"prio"`},
		{"a second value", "POST", "/v1/jobs", `{"jobs":[{"kind":"k"}]} {}`, nil, wire.CodeBadRequest, "follows"},
		{"another type", "POST", "/v1/jobs", `{"jobs":{}}`, nil, wire.CodeBadRequest, "jobs"},
		{"of a form", "POST", "/v1/jobs", `{"jobs":[]}`, []string{"Content-Type", "text/plain"}, wire.CodeMediaType, "text/plain"},
		{"compressed", "POST", "/v1/jobs", "\x1f\x8b", []string{"Content-Encoding", "gzip"}, wire.CodeMediaType, "gzip"},
		{"a parameter with a wrong escape", "GET", "/v1/jobs?limit=%zz", "", nil, wire.CodeBadRequest, "%zz"},
		{"a filter that is too long", "GET", "/v1/jobs?q=" + strings.Repeat("x", 5000), "", nil, wire.CodeBadFilter, "4096"},
		{"too large", "POST", "/v1/jobs", `{"jobs":[{"kind":"` + strings.Repeat("x", maxRequest) + `"}]}`, nil, wire.CodeTooLarge, "8 MiB"},
		{"with GET", "GET", "/v1/jobs", `{}`, nil, wire.CodeBadRequest, "no body"},
		{"with DELETE", "DELETE", "/v1/batches/b", `{}`, nil, wire.CodeBadRequest, "no body"},
		{"an unknown parameter", "GET", "/v1/jobs?limt=1", "", nil, wire.CodeBadRequest, "limt"},
	} {
		w := call(f.s, c.method, c.path, c.body, c.header...)
		if p := refusedWith(t, w, c.code); !strings.Contains(p.Detail, c.says) {
			t.Errorf("%s: %q should mention %q", c.what, p.Detail, c.says)
		}
	}
	if n := f.count(""); n != 0 {
		t.Errorf("%d jobs were stored", n)
	}
	w := call(f.s, "POST", "/v1/jobs", `{"jobs":[{"kind":"k"}]}`, "Content-Type", "application/json; charset=utf-8")
	answered[wire.Enqueued](t, w, http.StatusCreated)
}

func TestReadOnly(t *testing.T) {
	f := serve(t, false)
	id := f.enqueue(1, queue.NewJob{Kind: "k", Hold: true})[0].String()
	h := f.s.Handler(Access{ReadOnly: true})
	refusedWith(t, call(h, "POST", "/v1/jobs/"+id+"/release", ""), wire.CodeReadOnly)
	refusedWith(t, call(h, "PATCH", "/v1/queues/a", `{"workers":1}`), wire.CodeReadOnly)
	if info := answered[wire.Info](t, call(h, "GET", "/v1/info", ""), 200); !info.ReadOnly {
		t.Error("it does not say that it is read-only")
	}
	if info := answered[wire.Info](t, call(f.s, "GET", "/v1/info", ""), 200); info.ReadOnly {
		t.Error("everybody is told that it is read-only")
	}
	if n := f.count("state:pending"); n != 1 {
		t.Error("the job was released")
	}
	s, err := New(Config{Queue: f.q, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	refusedWith(t, call(s, "POST", "/v1/jobs", `{"jobs":[{"kind":"k"}]}`), wire.CodeReadOnly)
}

func TestPanic(t *testing.T) {
	f := serve(t, false)
	core, logged := observer.New(zap.InfoLevel)
	f.s.log = zap.New(core)
	h := f.s.Handler(Access{Authorize: func(r *http.Request, _ bool) (string, error) {
		if r.URL.Path == "/v1/status" {
			panic(http.ErrAbortHandler)
		}
		panic("secret")
	}})
	w := call(h, "GET", "/v1/info", "")
	refusedWith(t, w, wire.CodeInternal)
	if body := w.Body.String(); strings.Contains(body, "secret") || strings.Contains(body, ".go") {
		t.Errorf("the client is told %s", body)
	}
	all := logged.FilterMessage("the admin API has panicked").All()
	if len(all) != 1 || all[0].ContextMap()["panic"] != "secret" || !strings.Contains(all[0].ContextMap()["stack"].(string), "handler_test.go") {
		t.Errorf("logged: %v", all)
	}
	defer func() {
		if v := recover(); v != http.ErrAbortHandler {
			t.Errorf("%v came through", v)
		}
	}()
	call(h, "GET", "/v1/status", "")
}

// Half an answer must not look like a whole one.
func TestPanicInTheMiddleOfAnAnswer(t *testing.T) {
	f := serve(t, false)
	for _, remote := range []bool{true, false} {
		func() {
			defer func() {
				if v := recover(); remote && v != http.ErrAbortHandler || !remote && v != nil {
					t.Errorf("remote %v: %v", remote, v)
				}
			}()
			h := &handler{s: f.s, door: &door{remote: remote}, mux: http.NewServeMux()}
			h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "half")
				panic("now")
			})
			call(h, "GET", "/", "")
			if remote {
				t.Error("the answer was not broken off")
			}
		}()
	}
}

func TestClosedServer(t *testing.T) {
	f := serve(t, false)
	if err := f.s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	refusedWith(t, call(f.s, "GET", "/v1/info", ""), wire.CodeClosed)
	refusedWith(t, call(f.s.Handler(Access{}), "POST", "/v1/jobs", `{"jobs":[{"kind":"k"}]}`), wire.CodeClosed)
}

func TestNewNeedsAQueue(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("there is none")
	}
}

// Without a file the server says nothing of one.
func TestServerWithoutFile(t *testing.T) {
	f := serve(t, false)
	s, err := New(Config{Queue: f.q})
	if err != nil {
		t.Fatal(err)
	}
	info := answered[wire.Info](t, call(s, "GET", "/v1/info", ""), 200)
	if info.File != (wire.FileInfo{}) || info.Live || len(info.Capabilities) != 0 || info.Kinds != nil {
		t.Errorf("%+v", info)
	}
	answered[wire.Status](t, call(s, "GET", "/v1/status", ""), 200)
}
