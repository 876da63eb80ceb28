package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var batchCases = []scenario{
	{"are created once", batchCreatedOnce},
	{"need a name", batchNeedsName},
	{"know the next index", batchKnowsNext},
	{"keep their members", batchKeepsMembers},
	{"are deleted in chunks", batchDeletedInChunks},
	{"are not deleted while a member runs", batchNotDeletedRunning},
	{"are deleted with everything of their members", batchDeletedWhole},
}

// deleteBatch deletes a batch and its members, limit at a time.
func (fx *fixture) deleteBatch(name string, limit int) (calls int) {
	fx.Helper()
	for calls = 1; calls <= 100; calls++ {
		more, err := fx.DeleteBatch(fx.Context(), name, limit)
		if err != nil {
			fx.Fatalf("DeleteBatch: %v", err)
		}
		if !more {
			return calls
		}
	}
	fx.Fatal("DeleteBatch does not come to an end")
	return 0
}

func (fx *fixture) batch(name string) store.Batch {
	fx.Helper()
	b, err := fx.Store.Batch(fx.Context(), name)
	if err != nil {
		fx.Fatalf("Batch %q: %v", name, err)
	}
	return b
}

func sameBatch(a, b store.Batch) bool {
	return a.Name == b.Name && a.Base == b.Base && a.Queue == b.Queue && a.Kind == b.Kind && a.Total == b.Total &&
		a.Fingerprint == b.Fingerprint && a.CreatedAt.Equal(b.CreatedAt) && slices.Equal(a.Info, b.Info) && a.Next == b.Next
}

func batchCreatedOnce(fx *fixture) {
	first := newBatch("b")
	first.Total, first.Fingerprint, first.CreatedAt, first.Info = 10, "f1", fx.Now(), text("info")
	if got := fx.putBatch(first); !sameBatch(got, first) {
		fx.Errorf("PutBatch gave %+v, want %+v", got, first)
	}
	fx.Checkpoint()
	second := newBatch("b")
	second.Total, second.Fingerprint = 99, "f2"
	got, created, err := fx.PutBatch(fx.Context(), second)
	if err != nil || created || !sameBatch(got, first) {
		fx.Errorf("PutBatch again: %+v, %v, %v, want the first", got, created, err)
	}
	fx.putBatch(newBatch("a"))
	third := newBatch("c")
	third.Next = 7 // is found, not put
	fx.putBatch(third)
	fx.Checkpoint()
	if got := fx.batch("b"); !sameBatch(got, first) {
		fx.Errorf("Batch gave %+v, want %+v", got, first)
	}
	if got := fx.batch("c"); got.Next != 0 {
		fx.Errorf("a batch without members has Next %d", got.Next)
	}
	all, err := fx.Batches(fx.Context())
	if err != nil || len(all) != 3 || all[0].Name != "a" || !sameBatch(all[1], first) || all[2].Name != "c" {
		fx.Errorf("Batches: %+v, %v", all, err)
	}
	_, err = fx.Store.Batch(fx.Context(), "none")
	fx.wantError("Batch that is not there", err, store.ErrNotFound)
}

func batchNeedsName(fx *fixture) {
	for _, name := range []string{"", "a\x00b", strings.Repeat("x", 1<<16)} {
		if _, created, err := fx.PutBatch(fx.Context(), newBatch(name)); err == nil || created {
			fx.Errorf("a batch with a name of %d bytes: created %v, %v", len(name), created, err)
		}
	}
	fx.Checkpoint()
	if all, err := fx.Batches(fx.Context()); err != nil || len(all) != 0 {
		fx.Errorf("Batches: %+v, %v", all, err)
	}
}

func batchKnowsNext(fx *fixture) {
	b := fx.putBatch(newBatch("b"))
	other := fx.putBatch(newBatch("other"))
	wantNext := func(want int64) {
		fx.Helper()
		if got := fx.batch("b").Next; got != want {
			fx.Errorf("Next is %d, want %d", got, want)
		}
	}
	wantNext(0)
	fx.enqueue(fx.member(b, 0))
	wantNext(1)
	fx.enqueue(fx.members(b, 1, 5)...)
	fx.enqueue(fx.member(other, 70))
	fx.Checkpoint()
	wantNext(5)
	fx.enqueue(fx.member(b, 1000), fx.member(b, 300))
	fx.Checkpoint()
	wantNext(1001)
	// As many as were ever enqueued, not as many as are left.
	fx.change(store.Change{IDs: []store.ID{b.Base.Member(1000), b.Base.Member(300)}, Delete: store.EveryState})
	fx.Checkpoint()
	wantNext(1001)
	all, err := fx.Batches(fx.Context())
	if err != nil || len(all) != 2 || all[0].Next != 1001 || all[1].Next != 71 {
		fx.Errorf("Batches: %+v, %v", all, err)
	}
}

func batchKeepsMembers(fx *fixture) {
	b := fx.putBatch(newBatch("b"))
	loose, kept := fx.member(b, 0), fx.member(b, 1)
	kept.Kept = true
	fx.enqueue(loose, kept)
	for _, id := range []store.ID{loose.ID, kept.ID} {
		fx.move(id, cancelIt)
	}
	fx.Checkpoint()
	fx.maintain(prune(fx.Now().Add(time.Hour), 10, store.Cancelled))
	fx.wantIDs("left", fx.present(loose.ID, kept.ID), []store.ID{kept.ID})
	fx.deleteBatch("b", 10)
	fx.wantGone(kept.ID)
}

func batchDeletedInChunks(fx *fixture) {
	b, other := fx.putBatch(newBatch("b")), fx.putBatch(newBatch("c"))
	members := fx.members(b, 0, 25)
	stays := append(fx.members(other, 0, 3), fx.newJob())
	fx.enqueue(members...)
	fx.enqueue(stays...)
	fx.Checkpoint()
	more, err := fx.DeleteBatch(fx.Context(), "b", 10)
	if err != nil || !more {
		fx.Fatalf("DeleteBatch: more %v, %v", more, err)
	}
	if n := len(fx.present(idsOf(members)...)); n != 15 {
		fx.Errorf("%d members are left of 25 when 10 were to go", n)
	}
	fx.batch("b") // stays to the end
	fx.Checkpoint()
	if calls := fx.deleteBatch("b", 10); calls > 3 {
		fx.Errorf("%d more calls for the 15 that were left", calls)
	}
	fx.Checkpoint()
	fx.wantGone(idsOf(members)...)
	_, err = fx.Store.Batch(fx.Context(), "b")
	fx.wantError("Batch after it was deleted", err, store.ErrNotFound)
	_, err = fx.DeleteBatch(fx.Context(), "b", 10)
	fx.wantError("DeleteBatch of what is not there", err, store.ErrNotFound)
	fx.wantIDs("of others", fx.present(idsOf(stays)...), idsOf(stays))
	fx.batch("c")

	// The name is free.
	if again := fx.putBatch(newBatch("b")); again.Next != 0 {
		fx.Errorf("a new batch has Next %d", again.Next)
	}
}

func batchNotDeletedRunning(fx *fixture) {
	b := fx.putBatch(newBatch("b"))
	members := fx.members(b, 0, 8)
	for i := range members {
		members[i].Priority = -int16(i) // the last is claimed first
	}
	fx.enqueue(members...)
	claimed := fx.claimWith(store.ClaimRequest{Move: claimMove, Want: []store.Want{want(b.Queue, 1)}})
	fx.wantIDs("claimed", idsOf(claimed.Jobs), []store.ID{members[7].ID})
	fx.Checkpoint()
	err := fx.unchanged("DeleteBatch while a member is running", func() error {
		_, err := fx.DeleteBatch(fx.Context(), "b", 3)
		return err
	})
	fx.wantError("DeleteBatch while a member is running", err, store.ErrRunning)
	fx.end(claimed.Jobs[0], completeIt)
	fx.deleteBatch("b", 3)
	fx.Checkpoint()
	fx.wantGone(idsOf(members)...)
}

func batchDeletedWhole(fx *fixture) {
	b := fx.putBatch(newBatch("b"))
	m := fx.member(b, 3)
	m.Kept = true
	fx.enqueue(m)
	claimed := fx.claimWith(store.ClaimRequest{Move: claimMove, Want: []store.Want{want(b.Queue, 1)}}).Jobs
	ref := claimed[0].Ref()
	fx.extend(store.Extension{Ref: ref, Checkpoints: []store.Checkpoint{{Name: "c", Value: null}}})
	fx.finish(store.Outcome{Ref: ref, Move: discardIt, Result: null, Failure: &store.Failure{Message: "m"}})
	fx.Checkpoint()
	fx.deleteBatch("b", 100)
	fx.Checkpoint()
	if rows, err := fx.Count(fx.Context()); err != nil || len(rows) != 0 {
		fx.Errorf("an empty store counts %v, %v", rows, err)
	}
	fresh := fx.newJob()
	fresh.ID, fresh.Args = m.ID, nil
	fx.enqueue(fresh)
	if d := diff(fresh, fx.job(m.ID)); d != "" {
		fx.Errorf("a new job inherited something:%s", d)
	}
}
