package executor_test

import (
	"context"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var null = store.Value{0xc0}

// fixture is an executor on a real file. It is made inside the bubble of a test, and closed there.
type fixture struct {
	*executor.Executor
	t     *testing.T
	q     *queue.Queue
	store *boltstore.Store
	path  string
}

func newFixture(t *testing.T, cfg executor.Config) *fixture {
	f := &fixture{t: t, path: filepath.Join(t.TempDir(), "test.db")}
	f.open(cfg)
	return f
}

func (f *fixture) open(cfg executor.Config) {
	f.t.Helper()
	var err error
	if f.store, err = boltstore.Open(f.path, boltstore.Options{}); err != nil {
		f.t.Fatal(err)
	}
	if f.q, err = queue.New(f.store, queue.Config{}); err != nil {
		f.t.Fatal(err)
	}
	if _, err = f.q.Recover(context.Background()); err != nil {
		f.t.Fatal(err)
	}
	if f.Executor, err = executor.New(f.q, cfg); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) close() {
	f.t.Helper()
	report, err := f.store.Verify(context.Background())
	if err != nil || len(report.Problems) > 0 {
		f.t.Errorf("verify: %v %v", report.Problems, err)
	}
	if err := f.store.Close(); err != nil {
		f.t.Error(err)
	}
}

func (f *fixture) handle(kind string, h executor.Handler) {
	f.t.Helper()
	if err := f.Handle(kind, h, executor.HandlerOptions{}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) serve(name string, slots int) {
	f.t.Helper()
	if err := f.Serve(name, slots); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) start() {
	f.t.Helper()
	if err := f.Start(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) stop() {
	f.t.Helper()
	if err := f.Stop(context.Background()); err != nil {
		f.t.Error(err)
	}
}

func (f *fixture) enqueue(jobs ...queue.NewJob) []store.ID {
	f.t.Helper()
	stored, err := f.q.Enqueue(context.Background(), jobs...)
	if err != nil {
		f.t.Fatal(err)
	}
	var ids []store.ID
	for _, s := range stored {
		ids = append(ids, s.ID)
	}
	return ids
}

func (f *fixture) get(id store.ID) *store.Job {
	f.t.Helper()
	j, err := f.q.Get(context.Background(), id, store.AllParts)
	if err != nil {
		f.t.Fatal(err)
	}
	return j
}

func (f *fixture) state(id store.ID, want store.State) *store.Job {
	f.t.Helper()
	j := f.get(id)
	if j.State != want {
		f.t.Fatalf("job of kind %s is %s, want %s; failures: %+v", j.Kind, j.State, want, j.Failures)
	}
	return j
}

// await waits until every job has ended.
func (f *fixture) await(ids ...store.ID) {
	f.t.Helper()
	for _, id := range ids {
		hints, stop := f.store.Watch(store.Topic{What: store.OnJob, ID: id})
		for !f.get(id).State.Final() {
			<-hints
		}
		stop()
	}
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, cfg executor.Config, test func(t *testing.T, f *fixture)) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, cfg)
		defer f.close()
		test(t, f)
	})
}

func jobs(n int, kind string) []queue.NewJob {
	return slices.Repeat([]queue.NewJob{{Kind: kind, MaxAttempts: 1}}, n)
}

// between stands between the executor and the file: it counts, and can make verbs fail.
type between struct {
	store.Store
	claims, extends atomic.Int32
	queues, extend  func() error // called first
	finish          func([]store.Outcome) error
}

func (b *between) Claim(ctx context.Context, req store.ClaimRequest) (store.Claimed, error) {
	b.claims.Add(1)
	return b.Store.Claim(ctx, req)
}

func (b *between) Extend(ctx context.Context, e []store.Extension) ([]bool, error) {
	b.extends.Add(1)
	if b.extend != nil {
		if err := b.extend(); err != nil {
			return nil, err
		}
	}
	return b.Store.Extend(ctx, e)
}

func (b *between) Queues(ctx context.Context) ([]store.QueueInfo, error) {
	if b.queues != nil {
		if err := b.queues(); err != nil {
			return nil, err
		}
	}
	return b.Store.Queues(ctx)
}

func (b *between) Finish(ctx context.Context, outcomes []store.Outcome) ([]bool, error) {
	if b.finish != nil {
		if err := b.finish(outcomes); err != nil {
			return nil, err
		}
	}
	return b.Store.Finish(ctx, outcomes)
}

// over puts a store between the executor and the file.
func (f *fixture) over(s store.Store, cfg executor.Config) {
	f.t.Helper()
	q, err := queue.New(s, queue.Config{})
	if err != nil {
		f.t.Fatal(err)
	}
	if f.Executor, err = executor.New(q, cfg); err != nil {
		f.t.Fatal(err)
	}
}
