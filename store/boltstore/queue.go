package boltstore

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// PutQueue implements [store.Store]. Settings that are there already are not stored again.
func (s *Store) PutQueue(ctx context.Context, q store.QueueInfo) error {
	if err := checkQueue(&q); err != nil {
		return err
	}
	who, err := auditOf(ctx)
	if err != nil {
		return err
	}
	key := []byte(q.Name)
	sealed, err := encodeMsgpack(key, &q)
	if err != nil {
		return err
	}
	return s.do(ctx, &op{
		run: audited(who, func(t *txn) (effect, error) {
			// A damaged record is replaced: these settings are all there is to it.
			was, err := t.queue(q.Name)
			if err == nil && sameQueue(&was, &q) && t.get(tableQueue, key) != nil {
				return effect{}, nil
			}
			t.put(tableQueue, key, sealed)
			t.noticeQueue(q.Name)
			t.hint(store.OnQueue, store.ID{})
			if err != nil || was.Paused != q.Paused {
				t.hint(store.OnControl, store.ID{})
			}
			t.woken[q.Name] = struct{}{}
			return effect{queue: q.Name, detail: difference(&was, &q)}, nil
		}),
	})
}

func checkQueue(q *store.QueueInfo) error {
	if err := checkName("queue", q.Name, maxName); err != nil {
		return err
	}
	if err := checkText("reason of a pause", q.Reason, maxText); err != nil {
		return err
	}
	for _, text := range []string{q.By.Name, q.By.Via} {
		if err := checkText("name of who paused it", text, maxName); err != nil {
			return err
		}
	}
	if err := checkTime("the time of a pause", q.Since); err != nil {
		return err
	}
	if q.Workers < 0 {
		return fmt.Errorf("queue %q: %d workers: give 1 or more, or 0 for as many as the program says", q.Name, q.Workers)
	}
	if !(q.Rate >= 0) || math.IsInf(q.Rate, 1) { // also catches NaN
		return fmt.Errorf("queue %q: a rate of %v jobs a second: give a positive number, or 0 for no limit", q.Name, q.Rate)
	}
	return nil
}

func sameQueue(a, b *store.QueueInfo) bool {
	x, y := *a, *b
	x.Since, y.Since = time.Time{}, time.Time{}
	return x == y && a.Since.Equal(b.Since)
}

// difference says for the audit what became different.
func difference(was, is *store.QueueInfo) string {
	var parts []string
	switch {
	case is.Paused && !was.Paused:
		parts = append(parts, "paused")
	case !is.Paused && was.Paused:
		parts = append(parts, "resumed")
	case was.Reason != is.Reason:
		parts = append(parts, fmt.Sprintf("reason %q", is.Reason))
	}
	if was.Workers != is.Workers {
		parts = append(parts, "workers "+fromTo(workers(was.Workers), workers(is.Workers), "as the program says"))
	}
	if was.Rate != is.Rate {
		parts = append(parts, "rate "+fromTo(perSecond(was.Rate), perSecond(is.Rate), "unlimited"))
	}
	return strings.Join(parts, ", ")
}

// fromTo names both values. One that was not set needs no name, one that is not set any
// more is called unset.
func fromTo(was, is, unset string) string {
	switch {
	case was == "":
		return is
	case is == "":
		return was + " → " + unset
	}
	return was + " → " + is
}

func workers(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func perSecond(rate float64) string {
	if rate == 0 {
		return ""
	}
	return strconv.FormatFloat(rate, 'f', -1, 64) + "/s"
}

// Queues implements [store.Store].
func (s *Store) Queues(ctx context.Context) ([]store.QueueInfo, error) {
	var all []store.QueueInfo
	err := s.view(ctx, func(r *reader) error {
		for k := range r.prefix(tableQueue, nil) {
			q, err := r.queue(string(k))
			if err != nil {
				return err
			}
			all = append(all, q)
		}
		return nil
	})
	return all, err
}

// queue reads the settings of a queue. Without any they are the zero ones.
func (r *reader) queue(name string) (store.QueueInfo, error) {
	q := store.QueueInfo{Name: name}
	key := []byte(name)
	sealed := r.get(tableQueue, key)
	if sealed == nil {
		return q, nil
	}
	if err := decodeMsgpack(key, sealed, &q); err != nil {
		return q, damaged("the settings of the queue %q: %w", name, err)
	}
	q.Since = q.Since.UTC()
	return q, nil
}
