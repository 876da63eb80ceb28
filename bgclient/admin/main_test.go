package admin

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

func TestMain(m *testing.M) {
	// msgpack keeps a goroutine for each type that it decodes by pointer, for good.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/vmihailenco/msgpack/v5.cachedValue.func1"))
}

// fixture is a server over a real file, and a client that calls it in process.
type fixture struct {
	t    testing.TB
	path string
	db   *boltstore.Store
	q    *queue.Queue
	exec *executor.Executor // nil: nothing is live
	s    *Server
	c    *client.Client
}

// operator is who asks in tests.
var operator = store.Actor{Name: "joe", UID: 1000, PID: 42, Via: "file"}

// serve opens an empty file, and serves it until the test ends. live makes an executor that is not started.
func serve(t testing.TB, live bool) *fixture {
	t.Helper()
	f := &fixture{t: t, path: filepath.Join(t.TempDir(), "queue.db")}
	var err error
	if f.db, err = boltstore.Open(f.path, boltstore.Options{}); err != nil {
		t.Fatal(err)
	}
	if f.q, err = queue.New(f.db, queue.Config{}); err != nil {
		t.Fatal(err)
	}
	if live {
		if f.exec, err = executor.New(f.q, executor.Config{Grace: -1, Abandon: time.Second}); err != nil {
			t.Fatal(err)
		}
	}
	f.s, err = New(Config{Queue: f.q, File: f.db, Executor: f.exec, Version: "v1.2.3", Actor: operator})
	if err != nil {
		t.Fatal(err)
	}
	f.c = client.New(inProcess{f.s}, "http://bgq")
	t.Cleanup(f.close)
	return f
}

// bubble is serve in virtual time.
func bubble(t *testing.T, live bool, fn func(t *testing.T, f *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { fn(t, serve(t, live)) })
}

// close ends everything, and audits the file.
func (f *fixture) close() {
	ctx := context.Background()
	if f.exec != nil {
		if err := f.exec.Stop(ctx); err != nil {
			f.t.Error(err)
		}
	}
	if err := f.s.Close(ctx); err != nil {
		f.t.Error(err)
	}
	if report, err := f.db.Verify(ctx); err != nil || !report.OK() {
		f.t.Errorf("verify: %v %v", report.Problems, err)
	}
	if err := f.db.Close(); err != nil {
		f.t.Error(err)
	}
}

// inProcess calls a handler without a connection.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

// handle has jobs of a kind run, once the executor is started.
func (f *fixture) handle(kind string, fn executor.Handler) {
	f.t.Helper()
	if err := f.exec.Handle(kind, fn, executor.HandlerOptions{Quiet: true}); err != nil {
		f.t.Fatal(err)
	}
}

// start runs the jobs of queues.
func (f *fixture) start(queues ...string) {
	f.t.Helper()
	for _, name := range queues {
		if err := f.exec.Serve(name, 2); err != nil {
			f.t.Fatal(err)
		}
	}
	if err := f.exec.Start(context.Background()); err != nil {
		f.t.Fatal(err)
	}
}

// enqueue stores n jobs like the one given, and returns their ids.
func (f *fixture) enqueue(n int, j queue.NewJob) []store.ID {
	f.t.Helper()
	jobs := make([]queue.NewJob, n)
	for i := range jobs {
		jobs[i] = j
	}
	answers, err := f.q.Enqueue(context.Background(), jobs...)
	if err != nil {
		f.t.Fatal(err)
	}
	ids := make([]store.ID, n)
	for i, a := range answers {
		ids[i] = a.ID
	}
	return ids
}

// attempt claims n jobs of a queue, and ends the attempts as a function says.
func (f *fixture) attempt(n int, name string, end func(*store.Job) queue.Attempt) {
	f.t.Helper()
	claimed, err := f.q.Claim(context.Background(), queue.ClaimRequest{Want: []store.Want{{Queue: name, N: n}}})
	if err != nil {
		f.t.Fatal(err)
	}
	if len(claimed.Jobs) != n {
		f.t.Fatalf("%d of %d jobs were claimed", len(claimed.Jobs), n)
	}
	attempts := make([]queue.Attempt, n)
	for i := range claimed.Jobs {
		attempts[i] = end(&claimed.Jobs[i])
		attempts[i].Job = &claimed.Jobs[i]
	}
	if _, err := f.q.Finish(context.Background(), attempts...); err != nil {
		f.t.Fatal(err)
	}
}

// failing is the end of an attempt that fails.
func failing(message string) func(*store.Job) queue.Attempt {
	return func(j *store.Job) queue.Attempt {
		return queue.Attempt{Verdict: queue.Failed, Failure: &store.Failure{
			At: time.Now().UTC(), Attempt: j.Attempt, Kind: store.FailError, Message: message,
			Chain: []store.Cause{{Message: message, Type: "*errors.errorString"}},
		}}
	}
}

// count returns how many jobs a filter selects.
func (f *fixture) count(text string) int64 {
	f.t.Helper()
	filter, err := parseFilter(text)
	if err != nil {
		f.t.Fatal(err)
	}
	rows, err := f.q.Count(context.Background(), filter)
	if err != nil {
		f.t.Fatal(err)
	}
	return queue.Total(rows)
}

// problem returns the problem that an error is, which has to have that code.
func problem(t testing.TB, err error, code wire.Code) *wire.Problem {
	t.Helper()
	p, ok := errors.AsType[*wire.Problem](err)
	if !ok || p.Code != code {
		t.Fatalf("%#v (%v), not the problem %s", err, err, code)
	}
	if p.Detail == "" || p.Hint == "" || p.Status < 400 || p.Title == "" || strings.Contains(p.Detail, "%!") || strings.Contains(p.Hint, "%%") {
		t.Errorf("%+v", p)
	}
	return p
}
