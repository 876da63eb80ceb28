package boltstore

import (
	"bytes"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// fixedWalk yields entries that are known.
type fixedWalk struct{ entries []entry }

func (w *fixedWalk) next() (entry, bool) {
	if len(w.entries) == 0 {
		return entry{}, false
	}
	e := w.entries[0]
	w.entries = w.entries[1:]
	return e, true
}

// idWalk yields the entries of a table whose keys are ids.
type idWalk struct {
	keys  keyRange
	state []byte // what the place has before the id
}

func (w *idWalk) next() (entry, bool) {
	k := w.keys.next()
	if len(k) != idLen {
		return entry{}, false
	}
	return entry{store.ID(k), join(w.state, k)}, true
}

// timeWalk yields the entries of an index whose keys end with a time and an id.
type timeWalk struct {
	keys  keyRange
	state store.State
}

func (w *timeWalk) next() (entry, bool) {
	k := w.keys.next()
	if len(k) < timeLen+idLen {
		return entry{}, false
	}
	tail := k[len(k)-timeLen-idLen:]
	return entry{store.ID(tail[timeLen:]), join([]byte{byte(w.state)}, tail)}, true
}

// mergeWalk merges the finalised jobs that are kept with those that are not.
type mergeWalk struct {
	order *listing
	walks [2]timeWalk
	heads [2]entry
	more  [2]bool
}

func (w *mergeWalk) start(order *listing) {
	w.order = order
	for i := range w.walks {
		w.heads[i], w.more[i] = w.walks[i].next()
	}
}

func (w *mergeWalk) next() (entry, bool) {
	i := 0
	if !w.more[0] || w.more[1] && w.order.compare(w.heads[1].place, w.heads[0].place) < 0 {
		i = 1
	}
	e, ok := w.heads[i], w.more[i]
	if ok {
		w.heads[i], w.more[i] = w.walks[i].next()
	}
	return e, ok
}

// chain is walkers to be begun one after the other.
type chain []func() walker

type chainWalk struct {
	current walker
	rest    chain
}

func (w *chainWalk) next() (entry, bool) {
	for {
		if w.current != nil {
			if e, ok := w.current.next(); ok {
				return e, true
			}
		}
		if len(w.rest) == 0 {
			return entry{}, false
		}
		w.current, w.rest = w.rest[0](), w.rest[1:]
	}
}

// timeRange returns the keys that begin with prefix and a time in [since, before). A
// zero time is open.
func timeRange(prefix []byte, since, before time.Time) (lo, hi []byte) {
	lo, hi = prefix, after(prefix)
	if !since.IsZero() && since.After(minTime) {
		lo = appendTime(join(prefix, nil), since)
	}
	if !before.IsZero() && before.Before(maxTime) {
		hi = appendTime(join(prefix, nil), before)
	}
	return lo, hi
}

// join returns both in a slice of its own.
func join(a, b []byte) []byte {
	return append(append(make([]byte, 0, len(a)+len(b)+timeLen), a...), b...)
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
