package boltstore

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

var errTest = errors.New("the application has changed its mind")

func TestEnqueueTx(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		j := newTestJob()
		hints, stop := s.Watch(store.Topic{What: store.OnJob, ID: j.ID})
		defer stop()
		waiting := standing(t.Context(), s, request(10))

		both := func(end error) error {
			return s.Update(t.Context(), func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucketIfNotExists([]byte("app"))
				if err != nil {
					return err
				}
				if err := b.Put([]byte("order"), []byte("1")); err != nil {
					return err
				}
				answers, err := s.EnqueueTx(tx, []store.Job{j})
				if err != nil || len(answers) != 1 || answers[0].Existing {
					t.Errorf("EnqueueTx: %v, %v", answers, err)
				}
				again, err := s.EnqueueTx(tx, []store.Job{j})
				if err != nil || !again[0].Existing {
					t.Errorf("EnqueueTx again: %v, %v", again, err)
				}
				return end
			})
		}
		if err := both(errTest); !errors.Is(err, errTest) {
			t.Fatalf("Update: %v", err)
		}
		synctest.Wait()
		select {
		case <-hints:
			t.Error("a hint came from what was rolled back")
		case a := <-waiting:
			t.Errorf("a claim was served by what was rolled back: %+v", a)
		default:
		}
		if got, err := s.Get(t.Context(), []store.ID{j.ID}, store.HeadOnly); err != nil || len(got) != 0 {
			t.Errorf("after the rollback: %v, %v", got, err)
		}
		audit(t, s)

		if err := both(nil); err != nil {
			t.Fatalf("Update: %v", err)
		}
		if a := <-waiting; a.err != nil || len(a.claimed.Jobs) != 1 || a.claimed.Jobs[0].ID != j.ID {
			t.Errorf("the waiting claim got %+v", a)
		}
		<-hints
	})
}

func TestFinishTx(t *testing.T) {
	s := open(t, Options{})
	mustEnqueue(t, s, newTestJob())
	claimed := mustClaim(t, s, 1)[0]
	outcome := store.Outcome{Ref: claimed.Ref(), Move: completeMove, Result: store.Value{0xc0}, Next: newTestJobs(1)}
	finish := func(end error) (held bool, err error) {
		err = s.Update(t.Context(), func(tx *bbolt.Tx) error {
			var err error
			if held, err = s.FinishTx(tx, outcome); err != nil {
				t.Errorf("FinishTx: %v", err)
			}
			return end
		})
		return held, err
	}
	state := func() store.State {
		jobs, err := s.Get(t.Context(), []store.ID{claimed.ID}, store.HeadOnly)
		if err != nil || len(jobs) != 1 {
			t.Fatal(jobs, err)
		}
		return jobs[0].State
	}
	if held, err := finish(errTest); !held || !errors.Is(err, errTest) || state() != store.Running {
		t.Errorf("rolled back: held %v, %v, the job is %s", held, err, state())
	}
	if held, err := finish(nil); !held || err != nil || state() != store.Completed {
		t.Errorf("committed: held %v, %v, the job is %s", held, err, state())
	}
	if held, err := finish(nil); held || err != nil {
		t.Errorf("a second time: held %v, %v", held, err)
	}
	if next := mustClaim(t, s, 10); len(next) != 1 || next[0].ID != outcome.Next[0].ID {
		t.Errorf("what follows: %v", next)
	}
}

// A panic in the function goes on to the caller, and leaves nothing behind.
func TestUpdatePanics(t *testing.T) {
	s := open(t, Options{})
	j := newTestJob()
	func() {
		defer func() {
			if v := recover(); v != errTest {
				t.Errorf("recovered %v", v)
			}
		}()
		s.Update(t.Context(), func(tx *bbolt.Tx) error {
			if _, err := s.EnqueueTx(tx, []store.Job{j}); err != nil {
				t.Error(err)
			}
			panic(errTest)
		})
	}()
	mustEnqueue(t, s, j)
}

// A transaction in which a verb has failed half-way cannot be committed, even by an
// application that does not look.
func TestSpoiltTransaction(t *testing.T) {
	s := open(t, Options{})
	fresh, err := s.prepare(newTestJobs(1))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), func(tx *bbolt.Tx) error {
		return errors.Join(s.within(tx, func(t *txn) error {
			t.insert(&fresh[0])
			return errTest
		}), nil)
	})
	if !errors.Is(err, errTest) {
		t.Errorf("got %v", err)
	}
	err = s.Update(t.Context(), func(tx *bbolt.Tx) error {
		s.within(tx, func(t *txn) error {
			t.insert(&fresh[0])
			return errTest
		})
		return nil
	})
	if !errors.Is(err, errTest) {
		t.Errorf("got %v", err)
	}
}

func TestForeignTransaction(t *testing.T) {
	s, other := open(t, Options{}), open(t, Options{})
	err := other.Update(t.Context(), func(tx *bbolt.Tx) error {
		_, err := s.EnqueueTx(tx, newTestJobs(1))
		return err
	})
	if err == nil {
		t.Error("the transaction of another store was taken")
	}
}

// The application may copy the file in its transaction, over an older copy too.
func TestCopyInsideUpdate(t *testing.T) {
	s := open(t, Options{})
	mustEnqueue(t, s, newTestJobs(3)...)
	path := filepath.Join(t.TempDir(), "copy.db")
	for range 2 {
		err := s.Update(t.Context(), func(tx *bbolt.Tx) error { return tx.CopyFile(path, 0o600) })
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := everyJob(t, openAt(t, path, Options{})); len(got) != 3 {
		t.Errorf("the copy has %d jobs, want 3", len(got))
	}
}
