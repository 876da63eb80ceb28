package boltstore

import (
	"bytes"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// entry is a job that a listing comes by. Its place orders it: the id, and when the
// order is by state, before it the state and the time by which the state is ordered.
type entry struct {
	id    store.ID
	place []byte
}

// walker yields entries in the order of a listing.
type walker interface {
	next() (entry, bool)
}

// walk chooses the way to the jobs that a filter can select:
//
//   - ids: each of them;
//   - batches: the ranges of their members, which are neighbours among the jobs;
//   - states: the index of each. The available ones are not ordered by id there: if
//     there are few they are gathered and sorted, else all jobs are looked through;
//   - otherwise all jobs.
func (l *listing) walk(r *reader) (walker, error) {
	f := &l.Filter
	switch {
	case len(f.IDs) > 0:
		return l.walkIDs(r)
	case len(f.Batches) > 0:
		return l.walkBatches(r)
	case f.States != 0:
		return l.walkStates(r)
	}
	return l.walkJobs(r, nil, nil, l.past), nil
}

// walkIDs finds the jobs, and puts them in order.
func (l *listing) walkIDs(r *reader) (walker, error) {
	var entries []entry
	for _, id := range l.Filter.IDs {
		j, err := r.head(id)
		if err != nil {
			return nil, err
		}
		if j != nil {
			entries = append(entries, entry{id, l.placeOf(j)})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return l.compare(a.place, b.place) })
	entries = slices.CompactFunc(entries, func(a, b entry) bool { return a.id == b.id })
	if l.past != nil {
		entries = slices.DeleteFunc(entries, func(e entry) bool { return l.compare(e.place, l.past) <= 0 })
	}
	return &fixedWalk{entries}, nil
}

// placeOf returns the place of a job in this listing.
func (l *listing) placeOf(j *store.Job) []byte {
	if !l.byState {
		return j.ID[:]
	}
	place := []byte{byte(j.State)}
	switch j.State {
	case store.Scheduled, store.Retryable:
		place = appendTime(place, j.RunAt)
	case store.Completed, store.Cancelled, store.Discarded:
		place = appendTime(place, j.FinalisedAt)
	}
	return append(place, j.ID[:]...)
}

// compare orders places: the states always ascend, what is inside of them as asked for.
func (l *listing) compare(a, b []byte) int {
	if l.byState {
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	if l.Ascending {
		return bytes.Compare(a, b)
	}
	return bytes.Compare(b, a)
}

// walkBatches goes through the members of each batch. Jobs of a batch that was never
// put can be anywhere.
func (l *listing) walkBatches(r *reader) (walker, error) {
	var bases [][]byte
	for _, name := range l.Filter.Batches {
		b, err := r.batch(name)
		if err != nil {
			return nil, err
		}
		if b == nil {
			return l.walkJobs(r, nil, nil, l.past), nil
		}
		bases = append(bases, b.Base[:])
	}
	slices.SortFunc(bases, l.compare)
	var all chain
	for _, base := range slices.CompactFunc(bases, bytes.Equal) {
		lo, hi := base[:baseLen], after(base[:baseLen])
		if l.From > 0 {
			first := store.ID(base).Member(l.From)
			lo = first[:]
		}
		all = append(all, func() walker { return l.walkJobs(r, lo, hi, l.past) })
	}
	return &chainWalk{rest: all}, nil
}

// walkJobs goes through the jobs by id.
func (l *listing) walkJobs(r *reader, lo, hi, past []byte) walker {
	in := tableJob
	if l.Filter.States == store.SetOf(store.Running) {
		in = tableRun // the same order, and much shorter
	}
	return &idWalk{newRange(r, in, lo, hi, past, l.Ascending), nil}
}

// walkStates goes through the states in the order of their values.
func (l *listing) walkStates(r *reader) (walker, error) {
	var all chain
	for _, state := range l.Filter.States.List() {
		var past []byte
		if l.past != nil {
			if byte(state) < l.past[0] {
				continue
			}
			if byte(state) == l.past[0] {
				past = l.past[1:]
			}
		}
		w, err := l.walkState(r, state, past)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return &chainWalk{rest: all}, nil
}

// walkState goes through the jobs of one state, beyond past.
func (l *listing) walkState(r *reader, state store.State, past []byte) (func() walker, error) {
	prefix := []byte{byte(state)}
	f := &l.Filter
	switch state {
	case store.Running, store.Pending:
		in := tableRun
		if state == store.Pending {
			in = tableHeld
		}
		return func() walker { return &idWalk{newRange(r, in, nil, nil, past, l.Ascending), prefix} }, nil
	case store.Scheduled, store.Retryable:
		lo, hi := timeRange(prefix, f.RunAfter, f.RunBefore)
		return func() walker {
			return &timeWalk{newRange(r, tableDue, lo, hi, pastIn(prefix, past), l.Ascending), state}
		}, nil
	case store.Available:
		entries, few, err := l.gather(r)
		if err != nil {
			return nil, err
		}
		return func() walker {
			if few {
				return &fixedWalk{l.beyond(entries, past)}
			}
			return &idWalk{newRange(r, tableJob, nil, nil, past, l.Ascending), prefix}
		}, nil
	default:
		return func() walker {
			var both mergeWalk
			for i, kept := range []bool{false, true} {
				prefix := []byte{class(kept), byte(state)}
				lo, hi := timeRange(prefix, f.FinalisedAfter, f.FinalisedBefore)
				both.walks[i] = timeWalk{newRange(r, tableDone, lo, hi, pastIn(prefix, past), l.Ascending), state}
			}
			both.start(l)
			return &both
		}, nil
	}
}

// pastIn returns where an index with that prefix goes on; nil: from its start.
func pastIn(prefix, past []byte) []byte {
	if past == nil {
		return nil
	}
	return join(prefix, past)
}

// gather returns the available jobs that a filter may select in the order of the
// listing, unless there are many of them.
func (l *listing) gather(r *reader) (entries []entry, few bool, err error) {
	f := &l.Filter
	rows, err := r.counts()
	if err != nil {
		return nil, false, err
	}
	n := int64(0)
	var wanted []store.CountRow
	for _, row := range rows {
		if row.State != store.Available || len(f.Queues) > 0 && !slices.Contains(f.Queues, row.Queue) ||
			len(f.Kinds) > 0 && !slices.Contains(f.Kinds, row.Kind) {
			continue
		}
		wanted = append(wanted, row)
		if n += row.N; n > maxScanned {
			return nil, false, nil
		}
	}
	for _, row := range wanted {
		for _, in := range []table{tableReady, tableAlone} {
			for k := range r.prefix(in, appendNames(nil, row.Queue, row.Kind)) {
				if id, ok := idAtEnd(k); ok {
					entries = append(entries, entry{id, append([]byte{byte(store.Available)}, id[:]...)})
				}
			}
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return l.compare(a.place, b.place) })
	return entries, true, nil
}

// beyond drops the entries up to past, which is a place without its state.
func (l *listing) beyond(entries []entry, past []byte) []entry {
	if past == nil {
		return entries
	}
	place := append([]byte{byte(store.Available)}, past...)
	return slices.DeleteFunc(entries, func(e entry) bool { return l.compare(e.place, place) <= 0 })
}

// keyRange yields the keys of a table from lo (included) to hi (excluded).
type keyRange struct {
	cursor    *bbolt.Cursor
	lo, hi    []byte // nil: open
	ascending bool
	begun     bool
}

// newRange makes a range that begins beyond past, unless that is nil.
func newRange(r *reader, in table, lo, hi, past []byte, ascending bool) keyRange {
	if past != nil && ascending {
		if next := append(bytes.Clone(past), 0); bytes.Compare(next, lo) > 0 {
			lo = next
		}
	} else if past != nil && (hi == nil || bytes.Compare(past, hi) < 0) {
		hi = past
	}
	return keyRange{cursor: r.bucket(in).Cursor(), lo: lo, hi: hi, ascending: ascending}
}

func (k *keyRange) next() []byte {
	var key []byte
	switch {
	case k.begun && k.ascending:
		key, _ = k.cursor.Next()
	case k.begun:
		key, _ = k.cursor.Prev()
	case k.ascending:
		key, _ = k.cursor.Seek(k.lo)
	default:
		key = k.last()
	}
	k.begun = true
	if key == nil || bytes.Compare(key, k.lo) < 0 || k.hi != nil && bytes.Compare(key, k.hi) >= 0 {
		return nil
	}
	return key
}

// last stands at the last key before hi.
func (k *keyRange) last() []byte {
	if k.hi != nil {
		if key, _ := k.cursor.Seek(k.hi); key != nil {
			key, _ = k.cursor.Prev()
			return key
		}
	}
	key, _ := k.cursor.Last()
	return key
}
