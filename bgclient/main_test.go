package bgclient_test

import (
	"context"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/store/boltstore"
)

func TestMain(m *testing.M) {
	// msgpack keeps a goroutine for each type that it decodes by pointer, for good.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/vmihailenco/msgpack/v5.cachedValue.func1"))
}

// file is a database in a folder of its own, that outlives its clients.
type file struct {
	t    testing.TB
	path string
}

func newFile(t testing.TB) *file {
	return &file{t: t, path: filepath.Join(t.TempDir(), "app.db")}
}

// open returns a client, not started, and without a socket: most tests run in a bubble.
func (f *file) open(options ...bgclient.Option) *bgclient.Client {
	f.t.Helper()
	c, err := bgclient.Open(f.path, append([]bgclient.Option{bgclient.WithoutSocket()}, options...)...)
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// start returns a running client.
func (f *file) start(options ...bgclient.Option) *bgclient.Client {
	f.t.Helper()
	c := f.open(options...)
	f.run(c)
	return c
}

func (f *file) run(c *bgclient.Client) {
	f.t.Helper()
	if err := c.Start(context.Background()); err != nil {
		f.t.Fatal(err)
	}
}

// close closes the client, and audits the file.
func (f *file) close(c *bgclient.Client) {
	f.t.Helper()
	if err := c.Close(context.Background()); err != nil {
		f.t.Error(err)
	}
	f.audit()
}

func (f *file) audit() {
	f.t.Helper()
	st, err := boltstore.Open(f.path, boltstore.Options{ReadOnly: true})
	if err != nil {
		f.t.Fatal(err)
	}
	defer st.Close()
	report, err := st.Verify(context.Background())
	if err != nil || len(report.Problems) > 0 {
		f.t.Errorf("verify: %v %v", report.Problems, err)
	}
}

func register[A, R any](t testing.TB, c *bgclient.Client, kind string, fn func(context.Context, A) (R, error), o ...bgclient.InvokeOption) *bgclient.Task[A, R] {
	t.Helper()
	task, err := bgclient.Register(c, kind, fn, o...)
	if err != nil {
		t.Fatal(err)
	}
	return task
}
