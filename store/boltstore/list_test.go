package boltstore

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bgq-dev/bgq/store"
)

// walkPages reads a listing to its end.
func walkPages(t *testing.T, s *Store, req store.ListRequest) (ids []store.ID, pages int) {
	t.Helper()
	for {
		page, err := s.List(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if page.Scanned > maxScanned {
			t.Errorf("a page has looked at %d records", page.Scanned)
		}
		pages++
		for _, j := range page.Jobs {
			ids = append(ids, j.ID)
		}
		if page.Next == "" {
			return ids, pages
		}
		req.Cursor = page.Next
	}
}

// With more available jobs than are gathered and sorted the listing goes another way,
// and gives the same. What selects nothing still comes in bounded pages.
func TestListMany(t *testing.T) {
	s := open(t, Options{})
	var few, all []store.ID
	for i := range 3 {
		jobs := newTestJobs(8000)
		for k := range jobs {
			all = append(all, jobs[k].ID)
			if jobs[k].Priority = int16(k % 3); k < 10 {
				jobs[k].Queue, jobs[k].Suspect = "few", i == 0
				few = append(few, jobs[k].ID)
			}
		}
		mustEnqueue(t, s, jobs...)
	}
	for _, ascending := range []bool{true, false} {
		available := store.ListRequest{Filter: store.Filter{States: store.SetOf(store.Available)}, Ascending: ascending, Limit: 5000}
		if got, _ := walkPages(t, s, available); !slices.Equal(got, all) {
			t.Errorf("ascending %v: %d jobs in another order than %d", ascending, len(got), len(all))
		}
		available.Limit = 7
		available.Filter.Queues = []string{"few", "unheard of"}
		if got, _ := walkPages(t, s, available); !slices.Equal(got, few) {
			t.Errorf("ascending %v: got %v, want %v", ascending, got, few)
		}
		slices.Reverse(all)
		slices.Reverse(few)
	}
	got, pages := walkPages(t, s, store.ListRequest{Filter: store.Filter{Kinds: []string{"none"}}})
	if len(got) != 0 || pages != 2 {
		t.Errorf("nothing was found in %d pages: %v", pages, got)
	}
}

// A page ends when it has become large.
func TestListLarge(t *testing.T) {
	s := open(t, Options{})
	jobs := newTestJobs(20)
	for i := range jobs {
		jobs[i].Args = make(store.Value, 1<<20)
	}
	mustEnqueue(t, s, jobs...)
	got, pages := walkPages(t, s, store.ListRequest{Parts: store.PartArgs})
	if len(got) != 20 || pages != 2 {
		t.Errorf("%d jobs came in %d pages", len(got), pages)
	}
	if got := mustClaim(t, s, 20); len(got) != 16 {
		t.Errorf("one claim gave %d MiB of arguments", len(got))
	}
	if got := mustClaim(t, s, 20); len(got) != 4 {
		t.Errorf("the next claim gave %d MiB", len(got))
	}
}

// Listing some states of a batch gives the same whether it goes through the batch or
// through the states.
func TestListStatesOfBatch(t *testing.T) {
	s := open(t, Options{})
	furnish(t, s)
	b, err := s.Batch(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		states store.States
		from   int64
		want   []int64
	}{
		{store.SetOf(store.Completed), 0, []int64{0}},
		{store.SetOf(store.Available), 0, []int64{1, 2}},
		{store.SetOf(store.Available, store.Completed), 0, []int64{0, 1, 2}},
		{store.SetOf(store.Available, store.Completed), 2, []int64{2}},
		{store.SetOf(store.Running, store.Pending, store.Retryable), 0, nil},
	} {
		var want []store.ID
		for _, i := range c.want {
			want = append(want, b.Base.Member(i))
		}
		req := store.ListRequest{Filter: store.Filter{States: c.states, Batches: []string{"b"}}, Ascending: true, From: c.from, Limit: 1}
		if got, _ := walkPages(t, s, req); !slices.Equal(got, want) {
			t.Errorf("%s from %d: got %v, want %v", c.states, c.from, got, want)
		}
	}
}

func TestCursors(t *testing.T) {
	s := open(t, Options{})
	furnish(t, s)
	req := store.ListRequest{Limit: 1}
	page, err := s.List(t.Context(), req)
	if err != nil || page.Next == "" {
		t.Fatal(page, err)
	}
	other := store.ListRequest{Limit: 1, Filter: store.Filter{States: store.FinalStates}, Cursor: page.Next}
	if _, err := s.List(t.Context(), other); !errors.Is(err, errCursor) {
		t.Errorf("the cursor of another listing: %v", err)
	}
	for _, cursor := range []string{"?", "AAAA", page.Next[:7], strings.Repeat("A", 1000)} {
		req.Cursor = cursor
		if _, err := s.List(t.Context(), req); !errors.Is(err, errCursor) {
			t.Errorf("cursor %.20q: %v", cursor, err)
		}
	}
}

// A listing from an index on is one also where the members can be anywhere, because
// the batch was never put.
func TestListFromInABatchThatWasNeverPut(t *testing.T) {
	s := open(t, Options{})
	var want []store.ID
	for i := range int64(5) {
		j := newTestJob()
		j.Batch, j.Index = "thread", i
		mustEnqueue(t, s, j)
		if i >= 3 {
			want = append(want, j.ID)
		}
	}
	got, _ := walkPages(t, s, store.ListRequest{Filter: store.Filter{Batches: []string{"thread"}}, Ascending: true, From: 3})
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
