package storetest

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// fixture is what a case works with: the test and the store, whose methods can be
// called on it directly. The helpers below, and those in verbs.go, fail the test on
// an error.
type fixture struct {
	*testing.T
	store.Store

	harness     Harness
	path        string
	reopen      bool // a checkpoint closes the store and opens it again
	checkpoints int
	closed      bool // the case closed the store for good
	ids         sequence
}

func newFixture(t *testing.T, h Harness, reopen bool) *fixture {
	t.Helper()
	fx := &fixture{
		T: t, harness: h, reopen: reopen,
		path: filepath.Join(t.TempDir(), "jobs.db"),
		ids:  newSequence(),
	}
	fx.Store = h.Open(t, fx.path)
	t.Cleanup(fx.finishCase)
	return fx
}

// Checkpoint is a place where it must make no difference whether the store is
// closed and opened again. Nothing else may use the store at that moment.
func (fx *fixture) Checkpoint() {
	fx.Helper()
	fx.checkpoints++
	if fx.reopen {
		fx.Reopen()
	}
}

// Reopen closes the store and opens it again.
func (fx *fixture) Reopen() {
	fx.Helper()
	if err := fx.Close(); err != nil {
		fx.Fatalf("Close: %v", err)
	}
	fx.Store = fx.harness.Open(fx.T, fx.path)
}

// finishCase audits what the case has left behind.
func (fx *fixture) finishCase() {
	fx.Helper()
	if fx.closed {
		fx.Store = fx.harness.Open(fx.T, fx.path)
	}
	if fx.checkpoints == 0 && !fx.Failed() {
		fx.Error("the case has no Checkpoint")
	}
	recount(fx.T, fx.Store)
	if fx.harness.Audit != nil {
		fx.harness.Audit(fx.T, fx.Store)
	}
	if err := fx.Close(); err != nil {
		fx.Errorf("Close: %v", err)
	}
}

// settle lets all other goroutines of the case go on until each of them waits.
func (fx *fixture) settle() {
	if !fx.harness.Network {
		synctest.Wait()
	}
}

// tick moves the clock, so that what happens next has a later time.
func (fx *fixture) tick() { time.Sleep(time.Millisecond) }

// counter names a counter of [store.Store.Count].
type counter struct {
	queue, kind string
	state       store.State
}

// recount compares the counters of the store with its jobs.
func recount(t testing.TB, s store.Store) {
	t.Helper()
	ctx := context.Background()
	counted := map[counter]int64{}
	for _, j := range walk(t, s, store.ListRequest{Limit: 500}) {
		counted[counter{j.Queue, j.Kind, j.State}]++
	}
	rows, err := s.Count(ctx)
	if err != nil {
		t.Errorf("Count: %v", err)
		return
	}
	for _, row := range rows {
		key := counter{row.Queue, row.Kind, row.State}
		if row.N == 0 || counted[key] != row.N {
			t.Errorf("Count says %d %s jobs of kind %q in queue %q, there are %d",
				row.N, row.State, row.Kind, row.Queue, counted[key])
		}
		delete(counted, key)
	}
	for key, n := range counted {
		t.Errorf("Count does not know of %d %s jobs of kind %q in queue %q", n, key.state, key.kind, key.queue)
	}
}

// walk reads every page of a listing. The bound turns a cursor that goes round in
// circles into a failure.
func walk(t testing.TB, s store.Store, req store.ListRequest) []store.Job {
	t.Helper()
	var jobs []store.Job
	for range 10_000 {
		page, err := s.List(context.Background(), req)
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		if req.Limit > 0 && len(page.Jobs) > req.Limit {
			t.Fatalf("List returned %d jobs, the limit was %d", len(page.Jobs), req.Limit)
		}
		jobs = append(jobs, page.Jobs...)
		if page.Next == "" {
			return jobs
		}
		req.Cursor = page.Next
	}
	t.Fatal("List does not come to an end")
	return nil
}
