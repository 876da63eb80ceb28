package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Maintain implements [store.Store].
func (s *Store) Maintain(ctx context.Context, budget store.Budget) (store.Maintained, error) {
	if !budget.Promote.Zero() {
		if err := checkMove(&budget.Promote); err != nil {
			return store.Maintained{}, err
		}
	}
	b := budget
	b.Limit = min(max(0, budget.Limit), s.opts.MaxBatch)
	b.Prune = append([]store.Retention(nil), budget.Prune...)
	var done store.Maintained
	err := s.do(ctx, &op{
		jobs: b.Limit,
		run: func(t *txn) error {
			done = t.maintain(&b)
			return nil
		},
	})
	if err != nil {
		return store.Maintained{}, err
	}
	return done, nil
}

// maintain promotes, then prunes with what is left of the budget. Damaged records
// are stepped over, so that they do not hold up the others.
func (t *txn) maintain(b *store.Budget) store.Maintained {
	var m store.Maintained
	left := b.Limit
	if !b.Promote.Zero() {
		jobs, more := t.due(&b.Promote, left)
		for _, j := range jobs {
			t.apply(j, &b.Promote, nil)
		}
		m.Promoted, m.More = len(jobs), more
		left -= len(jobs)
	}
	for _, r := range b.Prune {
		jobs, more := t.prunable(r, left)
		for _, j := range jobs {
			t.remove(j)
		}
		m.Pruned += len(jobs)
		m.More = m.More || more
		left -= len(jobs)
	}
	touched, more := t.pruneAudit(b.AuditBefore, left)
	if t.trimStats(b.StatsBefore, left-touched) || more {
		m.More = true
	}
	m.NextDue = t.nextDue()
	return m
}

// dueStates are the states in which a job waits for its time.
var dueStates = []store.State{store.Scheduled, store.Retryable}

// due finds up to limit jobs whose time has come, the earliest first, and tells
// whether there are more.
func (t *txn) due(m *store.Move, limit int) (jobs []*record, more bool) {
	until := appendTime(nil, t.now)
	for _, state := range dueStates {
		if !m.From.Has(state) {
			continue
		}
		found := 0
		for k := range t.prefix(tableDue, []byte{byte(state)}) {
			if !validStateKey(k, 1) || bytes.Compare(k[1:1+timeLen], until) > 0 || found > limit {
				break
			}
			if j := t.at(tableDue, k); j != nil {
				jobs = append(jobs, j)
				found++
			}
		}
	}
	slices.SortFunc(jobs, func(a, b *record) int {
		return cmp.Or(a.RunAt.Compare(b.RunAt), bytes.Compare(a.ID[:], b.ID[:]))
	})
	if len(jobs) > limit {
		return jobs[:limit], true
	}
	return jobs, false
}

// prunable finds up to limit finalised jobs that are old enough, oldest first, and
// tells whether there are more.
func (t *txn) prunable(r store.Retention, limit int) (jobs []*record, more bool) {
	if !r.State.Final() {
		return nil, false
	}
	before := appendTime(nil, r.Before)
	for k := range t.prefix(tableDone, []byte{class(false), byte(r.State)}) {
		if !validStateKey(k, 2) || bytes.Compare(k[2:2+timeLen], before) >= 0 {
			break
		}
		j := t.at(tableDone, k)
		if j == nil {
			continue
		}
		if len(jobs) == limit {
			return jobs, true
		}
		jobs = append(jobs, j)
	}
	return jobs, false
}

// at loads the job that stands at an index key, or returns nil if there is none, or
// only a damaged one.
func (t *txn) at(in table, key []byte) *record {
	id, ok := idAtEnd(key)
	if !ok {
		return nil
	}
	j, err := t.load(id)
	if err != nil || j == nil {
		return nil
	}
	table, k := indexKey(t.key[:0], j)
	t.key = k
	if table != in || !bytes.Equal(k, key) {
		return nil
	}
	return j
}

// validStateKey tells whether an index key has n bytes, a time and an id.
func validStateKey(k []byte, n int) bool { return len(k) == n+timeLen+idLen }

// nextDue returns the earliest time of those jobs that still wait. A damaged record
// does not count: nobody could do anything when its time comes.
func (t *txn) nextDue() time.Time {
	var next time.Time
	for _, state := range dueStates {
		for k := range t.prefix(tableDue, []byte{byte(state)}) {
			j := t.at(tableDue, k)
			if j == nil {
				continue
			}
			if next.IsZero() || j.RunAt.Before(next) {
				next = j.RunAt
			}
			break
		}
	}
	return next
}
