package boltstore

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// resolveAs plays a commit that failed, of the transaction with that number.
func resolveAs(s *Store, id int) error {
	s.writer.Lock()
	defer s.writer.Unlock()
	return s.resolve(id, errors.New("input/output error"))
}

// After a failed commit the file tells whether it was stored, and the store goes on.
func TestFailedCommitIsResolved(t *testing.T) {
	s := open(t, Options{})
	j := newTestJob()
	mustEnqueue(t, s, j)
	last := commits(t, s)
	if err := resolveAs(s, last); err != nil {
		t.Errorf("it is in the file: %v", err)
	}
	last = commits(t, s) // one more, which made sure that the last is on disk
	err := resolveAs(s, last+1)
	wantFileError(t, err, store.ErrNotStored)
	if errors.Is(err, store.ErrUnknown) {
		t.Errorf("%v: it is known", err)
	}
	mustEnqueue(t, s, newTestJob())
	if jobs := mustClaim(t, s, 10); len(jobs) != 2 || jobs[0].ID != j.ID {
		t.Errorf("claimed %v", jobs)
	}
}

// If another file has taken the place of ours, its transactions say nothing of ours,
// and nothing may be written into it.
func TestFailedCommitInAFileThatWasReplaced(t *testing.T) {
	s := open(t, Options{})
	mustEnqueue(t, s, newTestJob())
	last := commits(t, s)
	other := copyFile(t, s.abs)
	if err := os.Rename(s.abs, s.abs+".moved"); err != nil {
		t.Skip(err) // an open file cannot be moved on this system
	}
	if err := os.Rename(other, s.abs); err != nil {
		t.Fatal(err)
	}
	wantFileError(t, resolveAs(s, last), store.ErrUnknown)
	_, err := s.Enqueue(t.Context(), newTestJobs(1))
	wantFileError(t, err, store.ErrClosed)
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// If the file cannot be opened again the outcome stays unknown, and everything after
// it is refused, waiting claims too.
func TestFailedCommitThatStaysUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		mustEnqueue(t, s, newTestJobs(100)...)
		req := request(1)
		req.Want[0].Queue = "empty"
		waiting := standing(t.Context(), s, req)
		if err := os.Truncate(s.abs, 4096*4); err != nil {
			t.Fatal(err)
		}
		wantFileError(t, resolveAs(s, commits(t, s)+1), store.ErrUnknown)
		_, err := s.Enqueue(t.Context(), newTestJobs(1))
		wantFileError(t, err, store.ErrClosed)
		if errors.Is(err, store.ErrUnknown) {
			t.Errorf("%v: it is known that this one is not stored", err)
		}
		if a := <-waiting; !errors.Is(a.err, store.ErrClosed) {
			t.Errorf("the waiting claim got %+v", a)
		}
		_, err = s.Get(t.Context(), nil, store.HeadOnly)
		wantFileError(t, err, store.ErrClosed)
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// A panic inside of a transaction is damage: its callers are told, nothing of it is
// stored, and nothing is written any more. Reading goes on.
func TestPanicInTransaction(t *testing.T) {
	s := open(t, Options{})
	j := newTestJob()
	mustEnqueue(t, s, j)
	ctx := context.Background()
	err := s.do(ctx, &op{run: func(t *txn) error {
		t.delete(tableJob, j.ID[:])
		panic("page 7 already freed")
	}})
	wantFileError(t, err, store.ErrCorrupt)
	_, err = s.Enqueue(ctx, newTestJobs(1))
	wantFileError(t, err, store.ErrCorrupt)
	wantFileError(t, s.Update(ctx, func(*bbolt.Tx) error { return nil }), store.ErrCorrupt)
	if jobs, err := s.Get(ctx, []store.ID{j.ID}, store.AllParts); err != nil || len(jobs) != 1 {
		t.Errorf("Get: %v, %v", jobs, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openAt(t, s.abs, Options{})
	if jobs := mustClaim(t, s, 1); len(jobs) != 1 {
		t.Error("the job is gone")
	}
}

// The reserve keeps new jobs out, and lets those that are there be finished.
func TestReserve(t *testing.T) {
	s := open(t, Options{})
	mustEnqueue(t, s, newTestJob())
	s.Close()
	s = openAt(t, s.abs, Options{MinFree: 1 << 60})
	if _, ok := freeSpace(s.abs); !ok {
		t.Skip("the free space is not known on this system")
	}
	ctx := context.Background()
	_, err := s.Enqueue(ctx, newTestJobs(1))
	wantFileError(t, err, store.ErrNoSpace)
	err = s.Update(ctx, func(tx *bbolt.Tx) error {
		_, err := s.EnqueueTx(tx, newTestJobs(1))
		return err
	})
	wantFileError(t, err, store.ErrNoSpace)
	jobs := mustClaim(t, s, 10)
	if len(jobs) != 1 {
		t.Fatalf("claimed %v", jobs)
	}
	held, err := s.Finish(ctx, []store.Outcome{{Ref: jobs[0].Ref(), Move: completeMove, Next: newTestJobs(1)}})
	if err != nil || !held[0] {
		t.Errorf("Finish: %v, %v", held, err)
	}
}
