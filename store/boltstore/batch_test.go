package boltstore

import (
	"slices"
	"testing"

	"github.com/bgq-dev/bgq/store"
)

func putBatch(t *testing.T, s *Store, b store.Batch) (store.Batch, bool) {
	t.Helper()
	got, created, err := s.PutBatch(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return got, created
}

func testMember(b store.Batch, index int64) store.Job {
	j := newTestJob()
	j.ID, j.Queue, j.Batch, j.Index = b.Base.Member(index), b.Queue, b.Name, index
	return j
}

// Two batches with one base would share their members.
func TestBatchBaseIsTaken(t *testing.T) {
	s := open(t, Options{})
	b, _ := putBatch(t, s, store.Batch{Name: "one", Base: store.NewBatchID(), Queue: "batch:one"})
	if _, _, err := s.PutBatch(t.Context(), store.Batch{Name: "two", Base: b.Base, Queue: "batch:two"}); err == nil {
		t.Error("a second batch got the same base")
	}
	if _, err := s.DeleteBatch(t.Context(), "one", 10); err != nil {
		t.Fatal(err)
	}
	if _, created := putBatch(t, s, store.Batch{Name: "two", Base: b.Base}); !created {
		t.Error("the base is still taken")
	}
}

// A member has the id that the base gives it, so that a batch is one range of keys.
func TestBatchMembersAreChecked(t *testing.T) {
	s := open(t, Options{})
	b, _ := putBatch(t, s, store.Batch{Name: "b", Base: store.NewBatchID(), Queue: "batch:b"})
	for _, spoil := range []func(*store.Job){
		func(j *store.Job) { j.ID = store.NewID() },
		func(j *store.Job) { j.Index++ },
		func(j *store.Job) { j.Index = -1 },
	} {
		j := testMember(b, 3)
		spoil(&j)
		if _, err := s.Enqueue(t.Context(), []store.Job{newTestJob(), j}); err == nil {
			t.Errorf("member %d was stored as %s", j.Index, j.ID)
		}
	}
	if jobs := mustClaim(t, s, 10); len(jobs) != 0 {
		t.Errorf("a call that failed has stored %v", jobs)
	}
}

// The next index never goes back, whatever is deleted, and whatever is deleted first:
// an id is not used twice.
func TestBatchNextNeverGoesBack(t *testing.T) {
	for _, order := range [][]int64{{4, 3, 2, 1, 0}, {0, 1, 2, 3, 4}, {2, 4, 0, 3, 1}} {
		s := open(t, Options{})
		b, _ := putBatch(t, s, store.Batch{Name: "b", Base: store.NewBatchID(), Queue: "batch:b"})
		for i := range int64(5) {
			mustEnqueue(t, s, testMember(b, i))
		}
		for _, i := range order {
			_, err := s.Change(t.Context(), store.Change{IDs: []store.ID{b.Base.Member(i)}, Delete: store.EveryState})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.Batch(t.Context(), "b"); err != nil || got.Next != 5 {
				t.Errorf("%v: Next is %d after deleting %d, %v", order, got.Next, i, err)
			}
		}
		if got, created := putBatch(t, s, b); created || got.Next != 5 {
			t.Errorf("PutBatch again: created %v, Next %d", created, got.Next)
		}
	}
}

// The same when one commit deletes all, and has emptied the page behind the batch
// before it comes to the members.
func TestBatchNextAfterOneDelete(t *testing.T) {
	s := open(t, Options{})
	b, _ := putBatch(t, s, store.Batch{Name: "b", Base: store.NewBatchID(), Queue: "batch:b"})
	var ids []store.ID
	for i := range int64(5) {
		mustEnqueue(t, s, testMember(b, i))
		ids = append(ids, b.Base.Member(i))
	}
	others := newTestJobs(600)
	for i := range others {
		others[i].ID[0]++ // surely behind the batch
	}
	mustEnqueue(t, s, others...)
	for i := range others[:500] {
		ids = append(ids, others[i].ID)
	}
	slices.Reverse(ids)
	if _, err := s.Change(t.Context(), store.Change{IDs: ids, Delete: store.EveryState}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Batch(t.Context(), "b"); err != nil || got.Next != 5 {
		t.Errorf("Next is %d, %v", got.Next, err)
	}
}

// Ids are drawn by chance: one of another job may lie among those of a batch.
func TestBatchNextIgnoresStrangers(t *testing.T) {
	s := open(t, Options{})
	b, _ := putBatch(t, s, store.Batch{Name: "b", Base: store.NewBatchID(), Queue: "batch:b"})
	stranger := newTestJob()
	stranger.ID = b.Base.Member(1 << 50)
	mustEnqueue(t, s, stranger)
	for i := range int64(3) {
		if got, err := s.Batch(t.Context(), "b"); err != nil || got.Next != i {
			t.Errorf("Next is %d, want %d, %v", got.Next, i, err)
		}
		mustEnqueue(t, s, testMember(b, i))
	}
}
