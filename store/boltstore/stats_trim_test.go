package boltstore

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// putStats stores rows of statistics, each with one job enqueued.
func putStats(t *testing.T, s *Store, rows ...statRow) {
	t.Helper()
	err := s.do(t.Context(), &op{run: func(tx *txn) error {
		for _, row := range rows {
			tx.addStats(row, &store.Stats{Enqueued: 1})
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func statKeys(t *testing.T, s *Store) (rows []statRow) {
	t.Helper()
	err := s.view(t.Context(), func(r *reader) error {
		for k := range r.prefix(tableStat, nil) {
			if row, ok := splitStat(k); ok {
				rows = append(rows, row)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func mustMaintain(t *testing.T, s *Store, b store.Budget) store.Maintained {
	t.Helper()
	m, err := s.Maintain(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// An hour has not more names than a minute, however many come and go in it.
func TestHoursAreBounded(t *testing.T) {
	s := open(t, Options{})
	hour := s.Now().Add(-48 * time.Hour).Truncate(time.Hour)
	var rows []statRow
	for minute := range 60 {
		for i := range 20 {
			name := fmt.Sprint("batch:", minute*20+i)
			rows = append(rows, statRow{spanMinute, nanos(hour.Add(time.Duration(minute) * time.Minute)), series{name, "k"}})
		}
	}
	putStats(t, s, rows...)
	for mustMaintain(t, s, store.Budget{Limit: 70}).More {
	}
	left := statKeys(t, s)
	if len(left) < maxSeries || len(left) > maxSeries+1 {
		t.Errorf("%d rows are left, want %d and one of the others", len(left), maxSeries)
	}
	for _, row := range left {
		if row.span != spanHour || !row.begin().Equal(hour) {
			t.Errorf("%+v is left", row)
		}
	}
	if n := enqueued(t, s); n != int64(len(rows)) {
		t.Errorf("%d jobs are counted, want %d", n, len(rows))
	}
	before := commits(t, s)
	if m := mustMaintain(t, s, store.Budget{Limit: 100}); m.More || commits(t, s) != before {
		t.Errorf("with nothing to do: %+v, and %d commits", m, commits(t, s)-before)
	}
}

// Damaged statistics hold up nothing: they are told of, begun anew where something is added,
// and deleted for their age.
func TestDamagedStats(t *testing.T) {
	s := open(t, Options{})
	old := statRow{spanMinute, nanos(s.Now().Add(-48 * time.Hour).Truncate(time.Minute)), series{"q", "k"}}
	fine := old
	fine.kind = "l"
	damage := func(key []byte) {
		t.Helper()
		err := s.do(t.Context(), &op{run: func(tx *txn) error {
			tx.put(tableStat, key, []byte("damaged"))
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Stats(t.Context(), time.Time{}, time.Time{}); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("Stats: %v", err)
		}
		if report, err := s.Verify(t.Context()); err != nil || report.Total != 1 {
			t.Errorf("Verify: %q, %v", report.Problems, err)
		}
	}

	putStats(t, s, fine)
	damage(old.key())
	if m := mustMaintain(t, s, store.Budget{Limit: 10}); m.More {
		t.Error("the damaged row is tried again and again")
	}
	if rows := statKeys(t, s); len(rows) != 2 || rows[0].span != spanMinute || rows[1].span != spanHour {
		t.Errorf("the rows are %+v", rows)
	}
	putStats(t, s, old)
	if n := enqueued(t, s); n != 2 {
		t.Errorf("%d jobs are counted, want 2", n)
	}

	damage(old.key())
	mustMaintain(t, s, store.Budget{Limit: 10, StatsBefore: s.Now().Add(-27 * time.Hour)})
	if rows := statKeys(t, s); len(rows) != 0 {
		t.Errorf("the rows are %+v", rows)
	}

	damage(savedKey)
	mustEnqueue(t, s, newTestJob())
	saveStats(t, s) // writes the mark anew
	noRow := append(statRow{spanHour, 0, series{}}.key()[:1+timeLen], "no NUL"...)
	damage(noRow)
	err := s.do(t.Context(), &op{run: func(tx *txn) error {
		tx.delete(tableStat, noRow)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
}
