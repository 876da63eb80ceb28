package boltstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// maxStats bounds what one call returns: about 70 MB.
const maxStats = 100_000

// Stats implements [store.Store]. A call for more than 100,000 spans is refused with
// store.ErrTooLarge: ask for a shorter time then.
func (s *Store) Stats(ctx context.Context, from, to time.Time) ([]store.Stats, error) {
	from, to = clampTime(from), clampTime(to)
	if to.IsZero() {
		to = maxTime
	}
	unsaved, next := s.stats.unsaved() // before the file is looked at: see save
	all := statRange{from: from, to: to}
	err := s.view(ctx, func(r *reader) error {
		last, err := r.lastSave()
		if err != nil {
			return err
		}
		if !last.includes(next) {
			all.more = unsaved
		}
		for _, span := range []byte{spanHour, spanMinute} {
			if err := all.read(r, span); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for row, stats := range all.more {
		all.add(row, stats)
	}
	slices.SortFunc(all.found, func(a, b store.Stats) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(b.Span, a.Span), strings.Compare(a.Queue, b.Queue), strings.Compare(a.Kind, b.Kind))
	})
	return all.found, nil
}

// statRange gathers the rows of a time.
type statRange struct {
	from, to time.Time
	more     map[statRow]store.Stats // from the memory, to be added to those in the file
	found    []store.Stats
}

// read finds the rows of a span in the file.
func (a *statRange) read(r *reader, span byte) error {
	c := r.bucket(tableStat).Cursor()
	first := appendStatStart(nil, span, clampTime(a.from.Add(-spans[span])))
	for k, sealed := c.Seek(first); len(k) > 0 && k[0] == span; k, sealed = c.Next() {
		row, ok := splitStat(k)
		if !ok {
			return damagedStats(k, errLayout)
		}
		if !row.begin().Before(a.to) {
			return nil
		}
		stats, err := decodeStats(k, sealed)
		if err != nil {
			return damagedStats(k, err)
		}
		if more, ok := a.more[row]; ok {
			stats.Add(&more)
			delete(a.more, row)
		}
		if len(a.found) == maxStats {
			return fmt.Errorf("%w: there are statistics of more than %d spans in that time: ask for a shorter one", store.ErrTooLarge, maxStats)
		}
		a.add(row, stats)
	}
	return nil
}

// add takes a row if some of its span lies inside.
func (a *statRange) add(row statRow, stats store.Stats) {
	if !row.end().After(a.from) || !row.begin().Before(a.to) {
		return
	}
	stats.At, stats.Span = row.begin(), spans[row.span]
	stats.Queue, stats.Kind = row.queue, row.kind
	a.found = append(a.found, stats)
}

// clampTime returns the time that is nearest to t among those that keys can say. The zero
// time stays.
func clampTime(t time.Time) time.Time {
	switch {
	case t.IsZero():
	case t.Before(minTime):
		return minTime
	case t.After(maxTime):
		return maxTime
	}
	return t
}
