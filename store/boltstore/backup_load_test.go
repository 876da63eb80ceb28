package boltstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// Backups are made while eight goroutines work: each holds all that was acknowledged before it
// began, and no half of anything.
func TestBackupUnderLoad(t *testing.T) {
	s := open(t, Options{})
	load := startLoad(t, s)
	for range 4 {
		stored, finished := load.acknowledged()
		path := backupPath(t)
		b := mustBackup(t, s, path)
		wellClosed(t, path)
		copied := openAt(t, path, Options{})
		audit(t, copied)
		jobs := everyJobOf(t, copied)
		if int64(len(jobs)) != b.Jobs || len(jobs) < len(stored) {
			t.Errorf("%d jobs, the answer says %d, and %d were stored before", len(jobs), b.Jobs, len(stored))
		}
		for id := range stored {
			if jobs[id].ID != id {
				t.Errorf("job %s is not in the backup", id)
			}
		}
		for id := range finished {
			if jobs[id].State != store.Completed || jobs[id].Result == nil {
				t.Errorf("job %s had ended, and is %s in the backup", id, jobs[id].State)
			}
		}
		orders(t, copied, jobs)
		if err := copied.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, finished := load.acknowledged(); len(finished) == 0 {
		t.Error("nothing was done meanwhile")
	}
	load.stop()
}

// orders fails the test unless each order of the application is there with the job that was
// stored with it, and none is left out.
func orders(t *testing.T, s *Store, jobs map[store.ID]store.Job) {
	t.Helper()
	err := s.Update(t.Context(), func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("orders"))
		if b == nil {
			return nil
		}
		n := uint64(0)
		err := b.ForEach(func(k, v []byte) error {
			n++
			if jobs[store.ID(k)].Kind != "order" {
				t.Errorf("the order %x has no job", k)
			}
			return nil
		})
		for _, j := range jobs {
			if j.Kind == "order" && b.Get(j.ID[:]) == nil {
				t.Errorf("job %s has no order", j.ID)
			}
		}
		if n != b.Sequence() {
			t.Errorf("%d orders of %d", n, b.Sequence())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func everyJobOf(t testing.TB, s *Store) map[store.ID]store.Job {
	t.Helper()
	all := map[store.ID]store.Job{}
	req := store.ListRequest{Limit: 1000, Parts: store.AllParts}
	for {
		page, err := s.List(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range page.Jobs {
			all[j.ID] = j
		}
		if page.Next == "" {
			return all
		}
		req.Cursor = page.Next
	}
}

// load is goroutines that use a store.
type load struct {
	mu               sync.Mutex
	stored, finished map[store.ID]bool
	stop             func()
}

// acknowledged returns the jobs that were stored, and finished, until now.
func (l *load) acknowledged() (stored, finished map[store.ID]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stored, finished = map[store.ID]bool{}, map[store.ID]bool{}
	for id := range l.stored {
		stored[id] = true
	}
	for id := range l.finished {
		finished[id] = true
	}
	return stored, finished
}

func (l *load) note(in map[store.ID]bool, ids ...store.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		in[id] = true
	}
}

func startLoad(t *testing.T, s *Store) *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{stored: map[store.ID]bool{}, finished: map[store.ID]bool{}}
	var wg sync.WaitGroup
	l.stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(l.stop)
	loop := func(fn func() error) {
		wg.Go(func() {
			for ctx.Err() == nil && !t.Failed() {
				if err := fn(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 4 {
		loop(func() error {
			jobs := newTestJobs(1 + rand.IntN(5))
			var ids []store.ID
			for i := range jobs {
				jobs[i].Args = make(store.Value, rand.IntN(2000))
				ids = append(ids, jobs[i].ID)
			}
			if _, err := s.Enqueue(context.Background(), jobs); err != nil {
				return err
			}
			l.note(l.stored, ids...)
			return nil
		})
	}
	for range 3 {
		loop(func() error {
			claimed, err := s.Claim(context.Background(), request(5))
			if err != nil {
				return err
			}
			var outcomes []store.Outcome
			var ids []store.ID
			for _, j := range claimed.Jobs {
				outcomes = append(outcomes, store.Outcome{Ref: j.Ref(), Move: completeMove, Result: make(store.Value, 1+rand.IntN(600))})
				ids = append(ids, j.ID)
			}
			if _, err := s.Finish(context.Background(), outcomes); err != nil {
				return err
			}
			l.note(l.finished, ids...)
			return nil
		})
	}
	loop(func() error { // an application with data of its own
		j := newTestJob()
		j.Kind, j.Queue = "order", "orders"
		err := s.Update(context.Background(), func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("orders"))
			if err != nil {
				return err
			}
			_, err = b.NextSequence()
			_, jobErr := s.EnqueueTx(tx, []store.Job{j})
			return errors.Join(err, jobErr, b.Put(j.ID[:], []byte("order")))
		})
		if err == nil {
			l.note(l.stored, j.ID)
		}
		return err
	})
	return l
}
