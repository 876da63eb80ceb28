package boltstore

import (
	"bytes"
	"slices"

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
//   - batches: the ranges of their members, which are neighbours among the jobs; or
//     if states are named too, and few jobs are in them, those;
//   - states: the index of each. The available ones are not ordered by id there: if
//     there are few they are gathered and sorted, else all jobs are looked through;
//   - otherwise all jobs.
//
// The counters tell what is few.
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
		j, err := r.record(id)
		if err != nil {
			return nil, err
		}
		if j != nil {
			entries = append(entries, entry{id, l.placeOf(&j.Job)})
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
	bases = slices.CompactFunc(bases, bytes.Equal)
	if l.Filter.States != 0 {
		entries, few, err := l.gather(r, l.Filter.States)
		if err != nil {
			return nil, err
		}
		if few {
			return &fixedWalk{l.within(entries, bases)}, nil
		}
	}
	var all chain
	for _, base := range bases {
		lo, hi := base[:baseLen], after(base[:baseLen])
		if l.From > 0 {
			first := store.ID(base).Member(l.From)
			lo = first[:]
		}
		all = append(all, func() walker { return l.walkJobs(r, lo, hi, l.past) })
	}
	return &chainWalk{rest: all}, nil
}

// within keeps the entries that are members of the batches, and lie beyond the start.
func (l *listing) within(entries []entry, bases [][]byte) []entry {
	return slices.DeleteFunc(entries, func(e entry) bool {
		return !slices.ContainsFunc(bases, func(base []byte) bool { return bytes.HasPrefix(e.id[:], base[:baseLen]) }) ||
			e.id.MemberIndex() < l.From || l.past != nil && l.compare(e.place, l.past) <= 0
	})
}

// walkJobs goes through the jobs by id.
func (l *listing) walkJobs(r *reader, lo, hi, past []byte) walker {
	return &idWalk{newRange(r, tableJob, lo, hi, past, l.Ascending), nil}
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
		entries, few, err := l.gather(r, store.SetOf(store.Available))
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
