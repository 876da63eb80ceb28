package boltstore

import (
	"slices"

	"github.com/bgq-dev/bgq/store"
)

// gather returns the jobs in some states, in the order of the listing, unless there
// are many of them. Of the available ones it takes only those of wanted queues and
// kinds, by which their index is divided. By state it can order only Available.
func (l *listing) gather(r *reader, states store.States) (entries []entry, few bool, err error) {
	rows, err := r.counts()
	if err != nil {
		return nil, false, err
	}
	var prefixes []section
	n := int64(0)
	for _, row := range rows {
		switch {
		case !states.Has(row.State):
			continue
		case row.State != store.Available:
		case !anyOf(l.Filter.Queues, row.Queue), !anyOf(l.Filter.Kinds, row.Kind):
			continue
		default:
			names := appendNames(nil, row.Queue, row.Kind)
			prefixes = append(prefixes, section{tableReady, names}, section{tableAlone, names})
		}
		if n += row.N; n > maxScanned {
			return nil, false, nil
		}
	}
	for _, state := range states.List() {
		prefixes = append(prefixes, sectionsOf(state)...)
	}
	for _, p := range prefixes {
		for k := range r.prefix(p.in, p.prefix) {
			id, ok := idAtEnd(k)
			if !ok {
				continue
			}
			place := id[:]
			if l.byState {
				place = join([]byte{byte(store.Available)}, place)
			}
			entries = append(entries, entry{id, place})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return l.compare(a.place, b.place) })
	return entries, true, nil
}

// section is a part of an index.
type section struct {
	in     table
	prefix []byte
}

// sectionsOf returns where the jobs of a state stand, except for the available ones.
func sectionsOf(s store.State) []section {
	switch s {
	case store.Available:
		return nil
	case store.Pending:
		return []section{{tableHeld, nil}}
	case store.Running:
		return []section{{tableRun, nil}}
	case store.Scheduled, store.Retryable:
		return []section{{tableDue, []byte{byte(s)}}}
	default:
		return []section{{tableDone, []byte{class(false), byte(s)}}, {tableDone, []byte{class(true), byte(s)}}}
	}
}

func anyOf(alternatives []string, s string) bool {
	return len(alternatives) == 0 || slices.Contains(alternatives, s)
}

// beyond drops the entries up to past, which is a place without its state.
func (l *listing) beyond(entries []entry, past []byte) []entry {
	if past == nil {
		return entries
	}
	place := append([]byte{byte(store.Available)}, past...)
	return slices.DeleteFunc(entries, func(e entry) bool { return l.compare(e.place, place) <= 0 })
}
