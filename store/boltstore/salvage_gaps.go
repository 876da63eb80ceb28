package boltstore

import (
	"bytes"
	"slices"
	"sort"
)

// gaps is the ranges of keys of a table that may be missing.
type gaps struct {
	list   []gap
	sorted bool
}

// gap is the keys from low to before high. nil: no bound.
type gap struct{ low, high []byte }

// maxGaps bounds the memory: beyond, all of the table counts as missing.
const maxGaps = 10_000

func (s *gaps) add(low, high []byte) {
	if len(s.list) == 1 && s.list[0].low == nil && s.list[0].high == nil {
		return
	}
	if low == nil && high == nil || len(s.list) == maxGaps {
		s.list = []gap{{}}
		return
	}
	s.list = append(s.list, gap{bytes.Clone(low), bytes.Clone(high)})
	s.sorted = false
}

func (s *gaps) all()        { s.add(nil, nil) }
func (s *gaps) empty() bool { return len(s.list) == 0 }

// has tells whether a key may be missing.
func (s *gaps) has(key []byte) bool {
	if !s.sorted {
		s.merge()
	}
	i := sort.Search(len(s.list), func(i int) bool { return bytes.Compare(s.list[i].low, key) > 0 }) - 1
	return i >= 0 && (s.list[i].high == nil || bytes.Compare(key, s.list[i].high) < 0)
}

// merge sorts the gaps, and joins those that touch.
func (s *gaps) merge() {
	slices.SortFunc(s.list, func(a, b gap) int { return bytes.Compare(a.low, b.low) })
	var merged []gap
	for _, next := range s.list {
		if n := len(merged); n > 0 {
			last := &merged[n-1]
			if last.high == nil {
				break
			}
			if bytes.Compare(next.low, last.high) <= 0 {
				if next.high == nil || bytes.Compare(next.high, last.high) > 0 {
					last.high = next.high
				}
				continue
			}
		}
		merged = append(merged, next)
	}
	s.list, s.sorted = merged, true
}
