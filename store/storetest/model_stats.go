package storetest

import (
	"time"

	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

// tally counts in the reference that a job comes into a state.
func (r *reference) tally(j *store.Job, to store.State) {
	s := r.stats[[2]string{j.Queue, j.Kind}]
	switch {
	case to == j.State:
		return
	case to == store.Running:
		s.Started++
		s.Wait.Note(0)
	case to == store.Completed:
		s.Completed++
	case to == store.Retryable && j.State == store.Running:
		s.Failed++
	case to == store.Discarded:
		s.Discarded++
	case to == store.Cancelled:
		s.Cancelled++
	}
	r.stats[[2]string{j.Queue, j.Kind}] = s
}

// tallyRun counts the end of an attempt.
func (r *reference) tallyRun(j *store.Job) {
	if store.SetOf(store.Completed, store.Retryable, store.Discarded).Has(j.State) {
		s := r.stats[[2]string{j.Queue, j.Kind}]
		s.Run.Note(0)
		r.stats[[2]string{j.Queue, j.Kind}] = s
	}
}

func (r *reference) tallyNew(j *store.Job) {
	s := r.stats[[2]string{j.Queue, j.Kind}]
	s.Enqueued++
	r.stats[[2]string{j.Queue, j.Kind}] = s
}

// compareStats holds the sums of all statistics against the reference.
func (m *machine) compareStats(t *rapid.T) {
	all, err := m.s.Stats(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatalf("Stats: %v", err)
	}
	got := map[[2]string]store.Stats{}
	for i := range all {
		key := [2]string{all[i].Queue, all[i].Kind}
		total := got[key]
		total.Add(&all[i])
		got[key] = total
	}
	for key, want := range m.stats {
		if g, w := counts(got[key]), counts(want); g != w {
			t.Fatalf("Stats of %q: %s, want %s", key, g, w)
		}
	}
	if len(got) > len(m.stats) {
		t.Fatalf("Stats: of %d queues and kinds, want %d", len(got), len(m.stats))
	}
}
