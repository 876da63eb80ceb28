package boltstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// reading is a watcher that has come to a place.
type reading struct {
	s  *Store
	at string
}

func startReading(s *Store) *reading { return &reading{s, s.Position()} }

// next reads a page, which must follow upon the last one if there is no gap.
func (r *reading) next(t testing.TB, limit int) (events []store.Event, gap bool) {
	t.Helper()
	events, next, gap, err := r.s.Events(t.Context(), r.at, limit)
	if err != nil {
		t.Errorf("Events: %v", err)
		return nil, false
	}
	_, number, _ := splitPlace(r.at)
	if gap {
		_, number, _ = splitPlace(next)
		number -= uint64(len(events))
	}
	for _, e := range events {
		number++
		if _, n, ok := splitPlace(e.Pos); !ok || n != number {
			t.Errorf("an event has the place %s, its number should be %d", e.Pos, number)
		}
	}
	r.at = next
	return events, gap
}

// A watcher that is too slow gets a gap, and then what is still known; one that is not gets
// everything, while the file is compacted too.
func TestSlowWatcherGetsAGap(t *testing.T) {
	s := open(t, Options{})
	slow, fast := startReading(s), startReading(s)
	const calls, each = 100, 200 // more than are remembered
	var watchers sync.WaitGroup
	watchers.Go(func() {
		for n := 0; n < calls*each; {
			events, gap := fast.next(t, 0)
			if gap || len(events) == 0 {
				t.Errorf("after %d events there are %d, gap %v", n, len(events), gap)
				return
			}
			n += len(events)
		}
	})
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range calls / 4 {
				mustEnqueue(t, s, newTestJobs(each)...)
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
	watchers.Wait()
	known, gaps := 0, 0
	for slow.at != s.Position() {
		events, gap := slow.next(t, 0)
		if gap {
			gaps++
		}
		known += len(events)
	}
	if known != ringSize || gaps != 1 {
		t.Errorf("the slow watcher got %d events and %d gaps, want %d and 1", known, gaps, ringSize)
	}
}

// The ring remembers the newest, however many come at once.
func TestRing(t *testing.T) {
	for _, each := range []int{1, 7, ringSize - 1, ringSize, ringSize + 1, 3*ringSize + 5} {
		t.Run(fmt.Sprint(each), func(t *testing.T) {
			var f feed
			f.begin()
			var all []notice
			for len(all) < 2*ringSize+20 {
				var more []notice
				for range each {
					more = append(more, notice{index: int64(len(all) + len(more))})
				}
				all = append(all, more...)
				f.publish(more)
			}
			oldest := uint64(len(all) - ringSize)
			got, first, _ := f.read(0, 10)
			if first != oldest || !slices.Equal(got, all[oldest:oldest+10]) {
				t.Errorf("from the beginning: %d from %d on, want from %d on", len(got), first, oldest)
			}
			got, first, _ = f.read(oldest, 2*ringSize)
			if first != oldest || !slices.Equal(got, all[oldest:]) {
				t.Errorf("all: %d from %d on", len(got), first)
			}
			got, first, more := f.read(f.next, 10)
			if len(got) > 0 || first != f.next || more == nil {
				t.Errorf("behind the last: %d from %d on", len(got), first)
			}
		})
	}
}

// Events are remembered only while somebody asks for them, and for a while after that.
func TestEventsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		mustEnqueue(t, s, newTestJob())
		if s.feed.on.Load() || s.feed.ring != nil {
			t.Error("events are remembered before anybody has asked")
		}
		r := startReading(s)
		time.Sleep(eventsLinger)
		mustEnqueue(t, s, newTestJob())
		if events, gap := r.next(t, 0); gap || len(events) != 1 {
			t.Errorf("after ten minutes: %d events, gap %v", len(events), gap)
		}

		waits := make(chan int)
		go func() {
			events, _ := r.next(t, 0)
			waits <- len(events)
		}()
		synctest.Wait()
		time.Sleep(24 * time.Hour)
		mustEnqueue(t, s, newTestJob())
		if n := <-waits; n != 1 {
			t.Errorf("who waited for a day got %d events", n)
		}

		time.Sleep(eventsLinger + 1)
		mustEnqueue(t, s, newTestJob())
		if s.feed.on.Load() || s.feed.ring != nil {
			t.Error("events are remembered though nobody asks any more")
		}
		if events, gap := r.next(t, 0); !gap || len(events) != 0 {
			t.Errorf("after it was forgotten: %d events, gap %v", len(events), gap)
		}
		mustEnqueue(t, s, newTestJob())
		if events, gap := r.next(t, 0); gap || len(events) != 1 {
			t.Errorf("begun anew: %d events, gap %v", len(events), gap)
		}
	})
}

// A commit that failed has no events, and the next ones follow upon those before it.
func TestEventsOfAFailedCommit(t *testing.T) {
	s := open(t, Options{})
	r := startReading(s)
	mustEnqueue(t, s, newTestJob())
	fresh, err := s.prepare(newTestJobs(5))
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("input/output error")
	if err := s.transact(func(tx *txn) { tx.storeNew(fresh); tx.err = broken }); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if err := resolveAs(s, commits(t, s)); err != nil { // the file is opened again
		t.Fatal(err)
	}
	j := newTestJob()
	mustEnqueue(t, s, j)
	events, gap := r.next(t, 0)
	if gap || len(events) != 2 || events[1].Job != j.ID {
		t.Errorf("got %+v, gap %v", events, gap)
	}
}

// Nothing more will come from a store that is broken: its watchers are told.
func TestEventsOfABrokenStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Options{})
		ended := make(chan error, 1)
		go func() {
			_, _, _, err := s.Events(t.Context(), "", 0)
			ended <- err
		}()
		synctest.Wait()
		err := s.do(t.Context(), &op{run: func(*txn) error { panic("page 7 already freed") }})
		wantFileError(t, err, store.ErrCorrupt)
		wantFileError(t, <-ended, store.ErrCorrupt)
	})
}

// The first watcher waits for the transaction under way, but not beyond the end of its
// context.
func TestFirstWatcherWaitsForTheWriter(t *testing.T) {
	s := open(t, Options{})
	release := stall(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if _, _, _, err := s.Events(ctx, "", 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if s.feed.on.Load() {
		t.Error("the feed begins in the middle of a transaction")
	}
	release()
	r := startReading(s)
	mustEnqueue(t, s, newTestJob())
	if events, gap := r.next(t, 0); gap || len(events) != 1 {
		t.Errorf("%d events, gap %v", len(events), gap)
	}
}

// Where nobody writes there are no events.
func TestEventsReadOnly(t *testing.T) {
	s := open(t, Options{})
	s.Close()
	s = openAt(t, s.abs, Options{ReadOnly: true})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, _, _, err := s.Events(ctx, s.Position(), 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
