package boltstore

import (
	"context"
	"crypto/rand"
	"strconv"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

const (
	// maxEvents is the most events that one call returns.
	maxEvents = 1000
	// eventsLinger is for how long events are remembered when nobody asks for them any more.
	eventsLinger = 10 * time.Minute
)

var _ store.Feed = (*Store)(nil)

// Position implements [store.Feed]. The first call makes the store remember events: it waits for the commit
// that is under way, so it must not be made from inside of [Store.Update]. When nobody has
// asked for ten minutes they are forgotten, and the next call begins anew.
func (s *Store) Position() string {
	_ = s.attend(context.Background()) // which does not end
	defer s.feed.leave()
	return s.feed.position()
}

// Events implements [store.Feed]. It remembers the last 16,384 events, and returns up to 1000
// at once; a limit of 0 means as many. Without a place it waits for the next event. When the store is closed it
// returns ErrClosed.
func (s *Store) Events(ctx context.Context, after string, limit int) (events []store.Event, next string, gap bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, after, false, err
	}
	if s.isClosed() {
		return nil, after, false, s.fail(store.ErrClosed, "")
	}
	if err := s.attend(ctx); err != nil {
		return nil, after, false, err
	}
	defer s.feed.leave()
	if limit <= 0 || limit > maxEvents {
		limit = maxEvents
	}
	epoch, from, known := s.feed.find(after)
	for {
		notices, first, more := s.feed.read(from, limit)
		if missed := !known || first > from; missed || len(notices) > 0 {
			return describe(notices, epoch, first), place(epoch, first+uint64(len(notices))), missed, nil
		}
		if err := s.silent(); err != nil {
			return nil, after, false, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, after, false, ctx.Err()
		}
	}
}

// attend counts the caller among those who watch the feed, and lets it begin if it is the first.
func (s *Store) attend(ctx context.Context) error {
	for !s.feed.enter() {
		begun := make(chan struct{})
		go func() { // the context cannot end the wait for the writer
			defer close(begun)
			s.writer.Lock() // so that no transaction of which the feed has missed the beginning comes into it
			defer s.writer.Unlock()
			s.feed.begin()
		}()
		select {
		case <-begun:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// silent returns why there will be no further events, or nil.
func (s *Store) silent() error {
	if s.isClosed() {
		return s.fail(store.ErrClosed, "")
	}
	return s.broken()
}

// place names the place in front of the event with a number.
func place(epoch string, number uint64) string {
	return epoch + "-" + strconv.FormatUint(number, 10)
}

// splitPlace is the inverse of place.
func splitPlace(at string) (epoch string, number uint64, ok bool) {
	epoch, digits, ok := strings.Cut(at, "-")
	number, err := strconv.ParseUint(digits, 10, 64)
	return epoch, number, ok && err == nil
}

func newEpoch() string { return strings.ToLower(rand.Text()[:10]) }

// notice is an event as it is remembered.
type notice struct {
	at                 time.Time
	job                store.ID
	queue, kind, batch string
	index              int64
	attempt, failures  int
	from, to           store.State
}

// notice notes what happens to a job, if that is wanted.
func (t *txn) notice(j *record, from, to store.State) {
	if !t.watch {
		return
	}
	t.notices = append(t.notices, notice{
		at: t.now, job: j.ID, queue: j.Queue, kind: j.Kind, batch: j.Batch, index: j.Index,
		attempt: j.Attempt, failures: j.FailureCount, from: from, to: to,
	})
}

// noticeQueue notes that the settings of a queue were put.
func (t *txn) noticeQueue(name string) {
	if t.watch {
		t.notices = append(t.notices, notice{at: t.now, queue: name})
	}
}

// describe makes events of notices, the first of which has a number.
func describe(notices []notice, epoch string, first uint64) []store.Event {
	events := make([]store.Event, len(notices))
	for i := range notices {
		n := &notices[i]
		events[i] = store.Event{
			Pos: place(epoch, first+uint64(i)+1), At: n.at,
			Job: n.job, Kind: n.kind, Queue: n.queue, Batch: n.batch, Index: n.index,
			Attempt: n.attempt, From: n.from, To: n.to, FailureCount: n.failures,
		}
	}
	return events
}
