package main

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// seeded returns a command line over a file with n available jobs.
func seeded(t *testing.T, n int) *app {
	a := newApp(nil, nil, nil)
	a.db = filepath.Join(t.TempDir(), "test.db")
	s, err := boltstore.Open(a.db, boltstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	q, err := queue.New(s, queue.Config{})
	if err != nil {
		t.Fatal(err)
	}
	jobs := make([]queue.NewJob, n)
	for i := range jobs {
		jobs[i] = queue.NewJob{Kind: "noop"}
	}
	if _, err := q.Enqueue(t.Context(), jobs...); err != nil {
		t.Fatal(err)
	}
	return a
}

// While nobody reads the output, an app can have the file, and afterwards the listing goes on.
func TestStreamLetsGoOfTheFile(t *testing.T) {
	a := seeded(t, 1500)
	req := store.ListRequest{Parts: viewParts}
	seen := map[store.ID]bool{}
	waited := false
	err := a.stream(t.Context(), req, 0, func(page []store.Job) error {
		if !waited {
			waited = true
			s, err := boltstore.Open(a.db, boltstore.Options{LockTimeout: time.Minute})
			if err != nil {
				return err
			}
			if err := s.Close(); err != nil {
				return err
			}
		}
		for _, j := range page {
			seen[j.ID] = true
		}
		return nil
	})
	if err != nil || len(seen) != 1500 {
		t.Errorf("%d of 1500 jobs, %v", len(seen), err)
	}
}

func TestStreamEndsWithTheFirstError(t *testing.T) {
	a := seeded(t, 1500)
	broken := errors.New("broken pipe")
	calls := 0
	err := a.stream(t.Context(), store.ListRequest{Parts: viewParts}, 0, func([]store.Job) error {
		calls++
		return broken
	})
	if !errors.Is(err, broken) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestStreamLimit(t *testing.T) {
	a := seeded(t, 250)
	for _, limit := range []int{1, 100, 101, 249, 250, 251} {
		n := 0
		err := a.stream(t.Context(), store.ListRequest{Parts: viewParts}, limit, func(page []store.Job) error {
			n += len(page)
			return nil
		})
		if err != nil || n != min(limit, 250) {
			t.Errorf("limit %d: %d jobs, %v", limit, n, err)
		}
	}
}
