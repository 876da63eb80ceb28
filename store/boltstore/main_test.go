package boltstore

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/bgq-dev/bgq/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a journal in a new folder. It is verified and closed when the test ends.
func open(t testing.TB, o Options) *Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "jobs.db"), o)
}

func openAt(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.isClosed() {
			return
		}
		audit(t, s)
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// audit fails the test if the file contradicts itself.
func audit(t testing.TB, s *Store) {
	t.Helper()
	report, err := s.Verify(context.Background())
	if err != nil {
		t.Errorf("Verify: %v", err)
	}
	for _, p := range report.Problems {
		t.Errorf("Verify: %s", p)
	}
}

// newTestJob makes a job of queue "q" and kind "k" that may run.
func newTestJob() store.Job {
	return store.Job{ID: store.NewID(), Queue: "q", Kind: "k", State: store.Available, MaxAttempts: 3, Args: store.Value{0xc0}}
}

func newTestJobs(n int) []store.Job {
	jobs := make([]store.Job, n)
	for i := range jobs {
		jobs[i] = newTestJob()
	}
	return jobs
}

// largeValue is a value that stands apart from the record of its job: a str 16.
func largeValue(c byte) store.Value {
	const n = inlineSize + 1
	return append(store.Value{0xda, n >> 8, n & 0xff}, bytes.Repeat([]byte{c}, n)...)
}

var (
	claimMove    = store.Move{From: store.SetOf(store.Available), To: store.Running, Attempt: 1}
	completeMove = store.Move{From: store.SetOf(store.Running), To: store.Completed}
)

func request(n int) store.ClaimRequest {
	return store.ClaimRequest{Want: []store.Want{{Queue: "q", N: n}}, Move: claimMove}
}

func mustEnqueue(t testing.TB, s *Store, jobs ...store.Job) {
	t.Helper()
	answers, err := s.Enqueue(context.Background(), jobs)
	if err != nil {
		t.Fatalf("Enqueue: %v", err)
	}
	for _, a := range answers {
		if a.Existing {
			t.Fatalf("job %s was there before", a.ID)
		}
	}
}

func mustClaim(t testing.TB, s *Store, n int) []store.Job {
	t.Helper()
	claimed, err := s.Claim(context.Background(), request(n))
	if err != nil {
		t.Fatalf("Claim: %v", err)
	}
	return claimed.Jobs
}

// commits returns the number of transactions that the file has stored.
func commits(t testing.TB, s *Store) int {
	t.Helper()
	n := 0
	err := s.view(context.Background(), func(r *reader) error {
		n = r.tx.ID()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
