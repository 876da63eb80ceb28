package boltstore

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// saveStats brings what was counted into the file, as happens by itself some seconds later.
func saveStats(t testing.TB, s *Store) {
	t.Helper()
	if err := s.do(t.Context(), s.saving()); err != nil {
		t.Fatal(err)
	}
}

// enqueued adds up how many jobs the statistics say were enqueued.
func enqueued(t testing.TB, s *Store) (n int64) {
	t.Helper()
	all, err := s.Stats(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatalf("Stats: %v", err)
	}
	for i := range all {
		n += all[i].Enqueued
	}
	return n
}

// savedJobs is how many of them the file knows of.
func savedJobs(t testing.TB, s *Store) (n int64) {
	t.Helper()
	err := s.view(t.Context(), func(r *reader) error {
		for k, sealed := range r.prefix(tableStat, nil) {
			if _, ok := splitStat(k); !ok {
				continue
			}
			stats, err := decodeStats(k, sealed)
			if err != nil {
				return err
			}
			n += stats.Enqueued
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Statistics come with a commit that is made anyway. An idle store makes one for them, and then
// no more.
func TestStatsAreSavedInPassing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		began, first := time.Now(), commits(t, s)
		for _, step := range []struct {
			at             time.Duration
			enqueue        bool
			commits, saved int
		}{
			{0, true, 1, 0},
			{9 * time.Second, true, 2, 0},
			{saveAfter, true, 3, 2},                           // with the two before it
			{saveAfter + 9*time.Second, true, 4, 2},           //
			{2*saveAfter + saveLate - 1, false, 4, 2},         // nothing yet
			{2*saveAfter + saveLate + 1, false, 5, 4},         // by itself
			{24 * time.Hour, false, 5, 4},                     // idle
			{24*time.Hour + 1, true, 6, 4},                    //
			{24*time.Hour + saveAfter, false, 6, 4},           //
			{25 * time.Hour, false, 7, 5},                     //
			{25*time.Hour + saveAfter + saveLate, true, 8, 5}, //
		} {
			time.Sleep(time.Until(began.Add(step.at)))
			if step.enqueue {
				mustEnqueue(t, s, newTestJob())
			}
			synctest.Wait()
			if n := commits(t, s) - first; n != step.commits {
				t.Errorf("after %v there were %d commits, want %d", step.at, n, step.commits)
			}
			if n := savedJobs(t, s); n != int64(step.saved) {
				t.Errorf("after %v %d jobs are in the statistics in the file, want %d", step.at, n, step.saved)
			}
		}
	})
}

// What a transaction has counted is forgotten when it fails, and what it should have saved is not.
func TestStatsOfAFailedCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		mustEnqueue(t, s, newTestJob())
		time.Sleep(saveAfter)
		fresh, err := s.prepare(newTestJobs(5))
		if err != nil {
			t.Fatal(err)
		}
		broken, tried := errors.New("input/output error"), false
		err = s.transact(func(tx *txn) {
			tx.storeNew(fresh)
			tx.err = broken
			tried = s.stats.due()
		})
		if !errors.Is(err, broken) || !tried {
			t.Fatalf("transact: %v; it was to save: %v", err, tried)
		}
		if n, saved := enqueued(t, s), savedJobs(t, s); n != 1 || saved != 0 {
			t.Errorf("%d jobs were counted and %d saved, want 1 and 0", n, saved)
		}
		time.Sleep(saveAfter + saveLate)
		synctest.Wait()
		if n, saved := enqueued(t, s), savedJobs(t, s); n != 1 || saved != 1 {
			t.Errorf("later %d jobs were counted and %d saved, want 1 and 1", n, saved)
		}
	})
}

// On a disk that is nearly full statistics wait, without trying all the time, until the store is
// closed.
func TestStatsWaitForSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		mustEnqueue(t, s, newTestJob())
		s.Close()
		s = openAt(t, s.abs, Options{MinFree: 1 << 60})
		if _, ok := freeSpace(s.abs); !ok {
			t.Skip("the free space is not known on this system")
		}
		j := mustClaim(t, s, 1)[0]
		before := commits(t, s)
		time.Sleep(time.Hour) // trying all the time, it would never be over
		if _, err := s.Finish(t.Context(), []store.Outcome{{Ref: j.Ref(), Move: completeMove}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if n := commits(t, s) - before; n != 1 {
			t.Errorf("%d commits, want only that of Finish", n)
		}
		s.Close()
		s = openAt(t, s.abs, Options{})
		all, err := s.Stats(t.Context(), time.Time{}, time.Time{})
		if err != nil || len(all) != 2 || all[0].Enqueued != 1 || all[0].Started != 1 || all[1].Completed != 1 {
			t.Errorf("Stats: %+v, %v", all, err)
		}
	})
}

// While the statistics go from the memory into the file, and the file is compacted, a reader
// counts nothing twice, and nothing is missing.
func TestStatsWhileTheyAreSaved(t *testing.T) {
	s := open(t, Options{})
	const each = 30
	var asked, acknowledged atomic.Int64
	over := make(chan struct{})
	var readers, writers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				low := acknowledged.Load()
				n := enqueued(t, s)
				if high := asked.Load(); n < low || n > high {
					t.Errorf("%d jobs are counted, there are %d to %d", n, low, high)
					return
				}
			}
		})
	}
	for range 2 {
		writers.Go(func() {
			for range each {
				asked.Add(1)
				mustEnqueue(t, s, newTestJob())
				acknowledged.Add(1)
				saveStats(t, s)
			}
		})
	}
	if canReplace {
		writers.Go(func() {
			for range 3 {
				mustCompact(t, s)
			}
		})
	}
	writers.Wait()
	close(over)
	readers.Wait()
	if n := savedJobs(t, s); n != 2*each {
		t.Errorf("%d jobs are in the statistics in the file, want %d", n, 2*each)
	}
}

// After a crash the newest statistics are missing, and what was saved is there.
func TestStatsAfterACrash(t *testing.T) {
	s := open(t, Options{})
	mustEnqueue(t, s, newTestJobs(3)...)
	saveStats(t, s)
	mustEnqueue(t, s, newTestJobs(4)...)
	crashed := openAt(t, copyFile(t, s.abs), Options{})
	if n := enqueued(t, crashed); n != 3 {
		t.Errorf("%d jobs are counted, want the 3 that were saved", n)
	}
	mustEnqueue(t, crashed, newTestJob())
	saveStats(t, crashed)
	if n := enqueued(t, crashed); n != 4 {
		t.Errorf("%d jobs are counted, want 4", n)
	}
}

// A reader beside the file's owner sees what was saved.
func TestStatsReadOnly(t *testing.T) {
	s := open(t, Options{})
	mustEnqueue(t, s, newTestJobs(3)...)
	s.Close()
	if n := enqueued(t, openAt(t, s.abs, Options{ReadOnly: true})); n != 3 {
		t.Errorf("%d jobs are counted, want 3", n)
	}
}

// The application's own transactions count when they are committed.
func TestStatsAndEventsOfUpdate(t *testing.T) {
	s := open(t, Options{})
	at := s.Position()
	failed := errors.New("rolled back")
	for _, result := range []error{nil, failed} {
		err := s.Update(t.Context(), func(tx *bbolt.Tx) error {
			for range 2 {
				if _, err := s.EnqueueTx(tx, newTestJobs(2)); err != nil {
					return err
				}
			}
			return result
		})
		if !errors.Is(err, result) {
			t.Fatal(err)
		}
	}
	if n := enqueued(t, s); n != 4 {
		t.Errorf("%d jobs are counted, want 4", n)
	}
	events, next, gap, err := s.Events(t.Context(), at, 0)
	if err != nil || gap || len(events) != 4 || next != s.Position() {
		t.Errorf("Events: %d, next %q, gap %v, %v", len(events), next, gap, err)
	}
}

// However long they cannot be saved, and however many kinds there are, statistics keep within
// bounds.
func TestStatsAreBounded(t *testing.T) {
	var st statistics
	st.begin()
	l := &ledger{}
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for minute := range 10 {
		for i := range 5 * maxSeries {
			l.stats(&record{Job: store.Job{Queue: "q", Kind: fmt.Sprint(i)}}).Enqueued++
		}
		st.add(at.Add(time.Duration(minute)*time.Minute), l)
		l.reset()
	}
	if len(st.rows) > maxUnsaved {
		t.Errorf("%d rows wait to be saved, want %d at most", len(st.rows), maxUnsaved)
	}
	first := map[bool]int64{}
	for row, stats := range st.rows {
		if row.begin().Equal(at) {
			first[row.series == otherSeries] += stats.Enqueued
		}
	}
	if first[false] != maxSeries || first[true] != 4*maxSeries {
		t.Errorf("in the first minute %d jobs were counted by name, and %d others", first[false], first[true])
	}
	if len(l.accounts) != 0 || l.rest != nil || len(l.byName) != 0 {
		t.Errorf("the ledger is not empty: %d accounts", len(l.accounts))
	}
}

// More than can be returned at once is refused.
func TestStatsTooMany(t *testing.T) {
	s := open(t, Options{})
	mustEnqueue(t, s, newTestJob())
	saveStats(t, s)
	all := statRange{to: maxTime, found: make([]store.Stats, maxStats)}
	err := s.view(t.Context(), func(r *reader) error { return all.read(r, spanMinute) })
	if !errors.Is(err, store.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}
