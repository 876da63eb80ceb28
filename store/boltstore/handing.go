package boltstore

import (
	"bytes"
	"cmp"
	"slices"
)

// While claims wait, a job that is stored available is most likely claimed by the same
// transaction. Until that is known it stands nowhere, so that a job which is handed out
// is put once, as running, instead of three times. Only the verbs that may share a
// transaction with such jobs (op.blind) run meanwhile; for any other they are placed.

// keepFresh notes a new job that is not placed yet.
func (t *txn) keepFresh(n *newJob) {
	n.fresh = true
	t.fresh, t.sorted = append(t.fresh, n), false
	t.woken[n.Queue] = struct{}{}
}

// place puts the jobs that nobody has claimed where they belong.
func (t *txn) place() {
	for _, n := range t.fresh {
		if n.fresh {
			n.fresh = false
			t.stand(&n.record)
			t.put(tableJob, n.ID[:], n.encoded)
		}
	}
	t.fresh = nil
}

// takeFresh returns the first n new jobs of a queue that are of a wanted kind (sorted;
// nil means all), in the order in which they would stand.
func (t *txn) takeFresh(queue string, kinds []string, n int) []candidate {
	t.fresh = slices.DeleteFunc(t.fresh, func(f *newJob) bool { return !f.fresh }) // taken by claims before
	if !t.sorted {
		slices.SortFunc(t.fresh, readyOrder)
		t.sorted = true
	}
	var found []candidate
	size := 0
	for _, f := range t.fresh {
		if len(found) >= n || size >= maxPageBytes {
			break
		}
		if f.Queue != queue {
			continue
		}
		if _, wanted := slices.BinarySearch(kinds, f.Kind); !wanted && kinds != nil {
			continue
		}
		c, ok := t.withArguments(&f.record)
		if !ok {
			continue
		}
		found = append(found, c)
		size += len(c.args)
	}
	return found
}

// readyOrder compares jobs as tableReady orders those of one queue and kind.
func readyOrder(a, b *newJob) int {
	if a.Priority != b.Priority {
		return int(a.Priority) - int(b.Priority)
	}
	return cmp.Or(cmp.Compare(nanos(a.RunAt), nanos(b.RunAt)), bytes.Compare(a.ID[:], b.ID[:]))
}
