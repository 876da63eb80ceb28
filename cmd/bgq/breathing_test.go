package main

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// TestBreathing: a search that takes long lets go of the file between two pages, finds everything, and ends
// with an error that says who has it when an app has taken it.
func TestBreathing(t *testing.T) {
	const jobs = 10
	a := seeded(t, jobs)
	synctest.Test(t, func(t *testing.T) {
		opened := 0
		var taken bool
		b, err := newBreathing(func() (*boltstore.Store, error) {
			if opened++; taken {
				return nil, store.ErrLocked
			}
			return boltstore.Open(a.db, boltstore.Options{ReadOnly: true, LockTimeout: lockPatience})
		})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		q, err := queue.New(b, queue.Config{})
		if err != nil {
			t.Fatal(err)
		}
		req := store.ListRequest{Limit: 1}
		for n := range jobs {
			page, err := q.List(t.Context(), req)
			if err != nil || len(page.Jobs) != 1 {
				t.Fatalf("page %d: %v, %v", n, page.Jobs, err)
			}
			req.Cursor = page.Next
			time.Sleep(stint / 2)
		}
		if opened < jobs/2 {
			t.Errorf("the file was opened %d times", opened)
		}
		if rows, err := q.Count(t.Context(), store.Filter{}); err != nil || queue.Total(rows) != jobs {
			t.Errorf("%v, %v", rows, err)
		}
		taken = true
		time.Sleep(stint)
		if _, err := q.List(t.Context(), req); !errors.Is(err, store.ErrLocked) {
			t.Errorf("taken by an app: %v", err)
		}
	})
}
