package bgclient_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/bgclient/admin/socket"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// everything is what JSON alone would not carry unharmed.
type everything struct {
	Large  int64
	Huge   uint64
	Float  float64
	Bytes  []byte
	At     time.Time
	Length time.Duration
	Names  map[string][]int8
	Next   *everything
}

func sampleOfEverything() everything {
	return everything{
		Large: math.MinInt64, Huge: math.MaxUint64, Float: math.Inf(-1), Bytes: []byte{0, 0xff, 'a'},
		At: time.Date(2026, 11, 22, 10, 0, 0, 123456789, time.UTC), Length: 1<<62 + 1,
		Names: map[string][]int8{"": {-1}, "\u202e\x1b[31m": nil}, Next: &everything{Large: 1<<53 + 1},
	}
}

// served returns a running client with its socket, and a remote to it.
func served(t *testing.T, path string, register func(*bgclient.Client), options ...bgclient.Option) (*bgclient.Client, *bgclient.Remote) {
	t.Helper()
	c, err := bgclient.Open(path, options...)
	if err != nil {
		t.Fatal(err)
	}
	register(c)
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	r, err := bgclient.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return c, r
}

var errNoDisk = errors.New("no disk")

func init() { bgclient.RegisterError("test_no_disk", errNoDisk) }

func registerEcho(t *testing.T) func(c *bgclient.Client) {
	return func(c *bgclient.Client) {
		register(t, c, "echo", func(_ context.Context, e everything) (everything, error) { return e, nil })
		register(t, c, "fail", func(context.Context, string) (int, error) { return 0, errNoDisk })
	}
}

func declare[A, R any](t *testing.T, r *bgclient.Remote, kind string, o ...bgclient.InvokeOption) *bgclient.Task[A, R] {
	t.Helper()
	task, err := bgclient.Declare[A, R](r, kind, o...)
	if err != nil {
		t.Fatal(err)
	}
	return task
}

func TestRemoteCarriesEverything(t *testing.T) {
	c, r := served(t, filepath.Join(t.TempDir(), "app.db"), registerEcho(t))
	want := sampleOfEverything()
	inv, err := declare[everything, everything](t, r, "echo").Invoke(t.Context(), want, bgclient.Tags("a", "b"), bgclient.Priority(-3), bgclient.Timeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	got, err := inv.Wait(t.Context())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v", got, err)
	}
	if again, err := inv.Result(); err != nil || !reflect.DeepEqual(again, want) || inv.IsRunning() {
		t.Errorf("reading it again: %+v, %v", again, err)
	}
	mine, err := c.Queue().Get(t.Context(), inv.ID(), store.PartArgs|store.PartFailures)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := inv.Job(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	theirs.Result, theirs.UniqueUntil = nil, mine.UniqueUntil
	if len(theirs.Failures) == 0 {
		theirs.Failures = mine.Failures
	}
	if !reflect.DeepEqual(mine, theirs) {
		t.Errorf("the record is\n%+v here and\n%+v there", mine, theirs)
	}
}

func TestRemoteException(t *testing.T) {
	_, r := served(t, filepath.Join(t.TempDir(), "app.db"), registerEcho(t))
	inv, err := declare[string, int](t, r, "fail").Invoke(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	_, err = inv.Wait(t.Context())
	be, ok := errors.AsType[*bgclient.BgException](err)
	if !ok || be.Message != "no disk" || be.Job != inv.ID() || !errors.Is(err, errNoDisk) {
		t.Errorf("got %#v", err)
	}
}

func TestRemoteSaysTheSame(t *testing.T) {
	_, r := served(t, filepath.Join(t.TempDir(), "app.db"), registerEcho(t))
	ctx := t.Context()
	echo := declare[everything, everything](t, r, "echo")

	held, err := echo.Invoke(ctx, everything{}, bgclient.Held(), bgclient.Unique("k"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Result(); !errors.Is(err, bgclient.ErrNotFinished) || !held.IsRunning() {
		t.Errorf("a held job: %v", err)
	}
	same, err := echo.Invoke(ctx, everything{}, bgclient.Unique("k"))
	if err != nil || same.ID() != held.ID() {
		t.Errorf("a second job with the key: %v, %v", same, err)
	}
	_, err = echo.Invoke(ctx, everything{}, bgclient.Unique("k"), bgclient.RefuseDuplicate())
	if d, ok := errors.AsType[*queue.DuplicateError](err); !ok || d.Holder != held.ID() || d.Key != "k" {
		t.Errorf("a refused one: %v", err)
	}
	if done, err := held.Cancel(ctx); !done || err != nil {
		t.Errorf("cancel: %v %v", done, err)
	}
	if done, err := held.Cancel(ctx); done || err != nil {
		t.Errorf("cancel again: %v %v", done, err)
	}
	if _, err := held.Wait(ctx); !errors.Is(err, bgclient.ErrCancelled) {
		t.Errorf("waiting for a cancelled job: %v", err)
	}
	nobody := store.NewID()
	if _, err := echo.Attach(ctx, nobody); !errors.Is(err, bgclient.ErrNotFound) {
		t.Errorf("attaching to nothing: %v", err)
	}
	id := store.NewID()
	for range 2 {
		inv, err := echo.Invoke(ctx, everything{}, bgclient.WithID(id))
		if err != nil || inv.ID() != id {
			t.Errorf("with an id: %v", err)
		}
	}
	if _, err := echo.InvokeTx(nil, everything{}); err == nil {
		t.Error("a transaction through a remote")
	}
	if _, err := bgclient.NewThread(echo, "t"); err == nil {
		t.Error("a thread through a remote")
	}
	if _, err := bgclient.Declare[int, int](r, ""); err == nil {
		t.Error("a function without a kind")
	}
	short, stop := context.WithTimeout(ctx, 20*time.Millisecond)
	defer stop()
	late, err := echo.Invoke(ctx, everything{}, bgclient.Delay(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := late.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for too long: %v", err)
	}
}

func TestDialNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	if _, err := bgclient.Dial(t.Context(), path); !errors.Is(err, bgclient.ErrNotServed) || !strings.Contains(err.Error(), "app.db") {
		t.Errorf("nothing there: %v", err)
	}
	c, err := bgclient.Open(path, bgclient.WithoutSocket())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, err := bgclient.Dial(t.Context(), path); !errors.Is(err, bgclient.ErrNotServed) {
		t.Errorf("without a socket: %v", err)
	}
	if _, err := os.Lstat(socket.Path(path)); err == nil {
		t.Error("a socket is there")
	}
}

// TestRemoteOutlivesRestart: a job is waited for while its program goes and comes back.
func TestRemoteOutlivesRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	c, err := bgclient.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := bgclient.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	inv, err := declare[everything, everything](t, r, "echo").Invoke(t.Context(), everything{Large: 7})
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		e   everything
		err error
	}
	got := make(chan answer, 1)
	go func() {
		e, err := inv.Wait(t.Context())
		got <- answer{e, err}
	}()
	if err := c.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(socket.Path(path)); err == nil {
		t.Error("the socket outlives its client")
	}
	served(t, path, registerEcho(t))
	if a := <-got; a.err != nil || a.e.Large != 7 {
		t.Errorf("got %+v", a)
	}
}

// TestForeignKind: the kinds of the client itself are no functions for others, and do no harm.
func TestForeignKind(t *testing.T) {
	c, r := served(t, filepath.Join(t.TempDir(), "app.db"), registerEcho(t))
	for _, kind := range []string{"parallelise", "func"} {
		stored, err := r.API().Enqueue(t.Context(), "", wire.NewJob{Kind: kind, MaxAttempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		inv, err := bgclient.Attach[bgclient.None](c, stored[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = inv.Wait(t.Context())
		if _, ok := errors.AsType[*bgclient.BgException](err); !ok {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestSocketIsPrivate: nobody else can connect.
func TestSocketIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no mode there")
	}
	path := filepath.Join(t.TempDir(), "app.db")
	served(t, path, registerEcho(t))
	info, err := os.Lstat(socket.Path(path))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestMountedHandler: the same API in the application's own mux, with a token.
func TestMountedHandler(t *testing.T) {
	c, _ := served(t, filepath.Join(t.TempDir(), "app.db"), registerEcho(t))
	mux := http.NewServeMux()
	mux.Handle("/ops/bgq/", http.StripPrefix("/ops/bgq", c.AdminHandler(bgclient.AdminAccess{Token: "secret"})))
	server := httptest.NewServer(mux)
	defer server.Close()
	if _, err := bgclient.DialURL(t.Context(), server.URL+"/ops/bgq", "wrong"); err == nil {
		t.Error("a wrong token is let in")
	}
	r, err := bgclient.DialURL(t.Context(), server.URL+"/ops/bgq", "secret")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	inv, err := declare[everything, everything](t, r, "echo").Enqueue(t.Context(), everything{Large: 5})
	if err != nil {
		t.Fatal(err)
	}
	if e, err := inv.Wait(t.Context()); err != nil || e.Large != 5 {
		t.Errorf("%+v, %v", e, err)
	}
}
