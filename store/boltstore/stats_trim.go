package boltstore

import (
	"time"

	"github.com/bgq-dev/bgq/store"
)

// minutesKept is after how long minutes are summed up to hours, so that years of statistics
// stay small: until then they show the last day, and a little of the one before.
const minutesKept = 26 * time.Hour

// trimStats deletes the statistics of spans that ended before a time (zero: none), then sums
// minutes up to hours, at most limit rows of both. more tells that some are left.
func (t *txn) trimStats(before time.Time, limit int) (more bool) {
	if !before.IsZero() {
		for _, span := range []byte{spanMinute, spanHour} {
			old, left := t.statsBefore(span, before.Add(1-spans[span]), limit, false)
			for _, row := range old {
				t.delete(tableStat, row.key())
			}
			limit -= len(old)
			more = more || left
		}
	}
	minutes, left := t.statsBefore(spanMinute, t.now.Add(-minutesKept).Truncate(time.Hour), limit, true)
	for len(minutes) > 0 {
		n := 1
		for n < len(minutes) && minutes[n].hour().Equal(minutes[0].hour()) {
			n++
		}
		t.sumUp(minutes[:n])
		minutes = minutes[n:]
	}
	return more || left
}

func (r statRow) hour() time.Time { return r.begin().Truncate(time.Hour) }

// statsBefore returns up to limit rows that began before a time, the oldest first, and whether
// there are more. With readable, damaged ones are left to be found by Verify and deleted for their age.
func (t *txn) statsBefore(span byte, until time.Time, limit int, readable bool) (rows []statRow, more bool) {
	for k, sealed := range t.prefix(tableStat, []byte{span}) {
		row, ok := splitStat(k)
		if !ok {
			continue
		}
		if !row.begin().Before(until) {
			break
		}
		if _, err := decodeStats(k, sealed); readable && err != nil {
			continue
		}
		if len(rows) >= limit {
			return rows, true
		}
		rows = append(rows, row)
	}
	return rows, false
}

// sumUp moves rows of minutes to those of their hour, in which maxSeries have their names.
func (t *txn) sumUp(minutes []statRow) {
	hour := minutes[0].hour()
	named := map[series]bool{}
	for k := range t.prefix(tableStat, appendStatStart(nil, spanHour, hour)) {
		if row, ok := splitStat(k); ok {
			named[row.series] = true
		}
	}
	sums := map[series]*store.Stats{}
	for _, row := range minutes {
		key := row.key()
		stats, _ := t.statsAt(key) // statsBefore has read it
		t.delete(tableStat, key)
		s := row.series
		if !named[s] && len(named) >= maxSeries {
			s = otherSeries
		}
		named[s] = true
		if sums[s] == nil {
			sums[s] = &store.Stats{}
		}
		sums[s].Add(&stats)
	}
	for s, sum := range sums {
		t.addStats(statRow{spanHour, nanos(hour), s}, sum)
	}
}

// addStats adds to a row. A damaged one is begun anew.
func (t *txn) addStats(row statRow, more *store.Stats) {
	key := row.key()
	sum, _ := t.statsAt(key)
	sum.Add(more)
	t.put(tableStat, key, encodeStats(key, &sum))
}
