package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// Claim implements [store.Store]. A damaged record is stepped over, so that it does
// not hold up the others; Verify and reading it tell of it.
func (s *Store) Claim(ctx context.Context, req store.ClaimRequest) (store.Claimed, error) {
	if err := checkMove(&req.Move); err != nil {
		return store.Claimed{}, err
	}
	if req.Move.To != store.Running || !req.Move.From.Has(store.Available) {
		return store.Claimed{}, fmt.Errorf("a claim moves from available to running, not from %s to %s", req.Move.From, req.Move.To)
	}
	total := 0
	queues := make([]string, 0, len(req.Want))
	for _, w := range req.Want {
		if err := checkName("queue", w.Queue, maxName); err != nil {
			return store.Claimed{}, err
		}
		total += max(0, w.N)
		queues = append(queues, w.Queue)
	}
	if err := s.checkCount(total); err != nil {
		return store.Claimed{}, err
	}
	c := claim{ClaimRequest: req}
	if req.Kinds != nil {
		c.Kinds = append([]string{}, req.Kinds...) // stays non-nil: no kind at all is not all kinds
		slices.Sort(c.Kinds)
	}
	var claimed store.Claimed
	err := s.do(ctx, &op{
		jobs: total, claim: true, standing: req.Wait, queues: queues,
		run: func(t *txn) (err error) {
			claimed, err = t.claim(&c)
			if err == nil && req.Wait && len(claimed.Jobs) == 0 && !claimed.Suspects {
				return errNothingYet
			}
			return err
		},
	})
	if err != nil {
		return store.Claimed{}, err
	}
	return claimed, nil
}

// claim is a request whose kinds are sorted.
type claim struct{ store.ClaimRequest }

// claim hands out jobs.
func (t *txn) claim(req *claim) (store.Claimed, error) {
	var claimed store.Claimed
	open := make([]store.Want, 0, len(req.Want)) // the wanted queues that are not paused
	for _, w := range req.Want {
		paused, err := t.paused(w.Queue)
		if err != nil {
			return claimed, err
		}
		if !paused {
			open = append(open, w)
		}
	}
	for _, w := range open {
		from, n := tableReady, w.N
		if req.Alone {
			from, n = tableAlone, min(w.N, 1-len(claimed.Jobs))
		}
		found := t.next(from, w.Queue, req.Kinds, n)
		claimed.Jobs = slices.Grow(claimed.Jobs, len(found))
		for _, c := range found {
			t.apply(c.job, &req.Move, nil)
			j := c.job.Job
			j.Tags, j.Args = slices.Clone(j.Tags), c.args
			claimed.Jobs = append(claimed.Jobs, j)
		}
	}
	for _, w := range open {
		if !claimed.Suspects {
			claimed.Suspects = len(t.next(tableAlone, w.Queue, req.Kinds, 1)) > 0
		}
	}
	return claimed, nil
}

// candidate is a job that may be claimed.
type candidate struct {
	job  *record
	args store.Value
}

// next finds the n first jobs of a queue that are of a wanted kind, with their
// arguments; fewer if these are large. It merges the kinds, each of which is in order
// by itself.
func (t *txn) next(from table, queue string, kinds []string, n int) []candidate {
	if n <= 0 {
		return nil
	}
	lanes := t.lanes(from, queue, kinds)
	if len(t.fresh) > 0 && from == tableReady {
		if len(lanes) == 0 {
			return t.takeFresh(queue, kinds, n)
		}
		t.place()
		lanes = t.lanes(from, queue, kinds)
	}
	var found []candidate
	size := 0
	for len(lanes) > 0 && len(found) < n && size < maxPageBytes {
		first := 0
		for i := range lanes {
			if bytes.Compare(lanes[i].order(), lanes[first].order()) < 0 {
				first = i
			}
		}
		l := &lanes[first]
		if c, ok := t.candidate(from, l.key); ok {
			found = append(found, c)
			size += len(c.args)
		}
		if !l.advance() {
			lanes = slices.Delete(lanes, first, first+1)
		}
	}
	return found
}

// candidate loads the job of an index entry with its arguments, unless one of the
// two is damaged or they contradict each other.
func (t *txn) candidate(in table, key []byte) (candidate, bool) {
	j := t.at(in, key)
	if j == nil {
		return candidate{}, false
	}
	return t.withArguments(j)
}

func (t *txn) withArguments(j *record) (candidate, bool) {
	args, err := t.arguments(j)
	return candidate{j, args}, err == nil
}

// lane is a cursor on the available jobs of one kind in one queue.
type lane struct {
	cursor *bbolt.Cursor
	prefix []byte // queue and kind
	key    []byte // where the cursor stands
}

func (l *lane) order() []byte { return l.key[len(l.key)-orderLen:] }

func (l *lane) advance() bool {
	l.key, _ = l.cursor.Next()
	return l.valid()
}

func (l *lane) valid() bool {
	return len(l.key) == len(l.prefix)+orderLen && bytes.HasPrefix(l.key, l.prefix)
}

// lanes finds the kinds of a queue that have jobs and are wanted (sorted; nil means
// all), and stands at the first job of each. It leaps from kind to kind: what it
// costs depends on the number of kinds, wanted or there, whichever is smaller, and
// never on the number of jobs.
func (t *txn) lanes(from table, queue string, wanted []string) []lane {
	bucket := t.bucket(from)
	cursor := bucket.Cursor()
	prefix := appendNames(nil, queue)
	seek := prefix
	var lanes []lane
	for {
		key, _ := cursor.Seek(seek)
		if !bytes.HasPrefix(key, prefix) {
			return lanes
		}
		_, kind, _, ok := splitReady(key)
		if !ok { // not an entry of ours: step over it
			seek = append(bytes.Clone(key), 0)
			continue
		}
		if wanted != nil {
			i, found := slices.BinarySearch(wanted, kind)
			if i == len(wanted) {
				return lanes
			}
			wanted = wanted[i:]
			if !found {
				seek = appendNames(nil, queue, wanted[0])
				continue
			}
		}
		l := lane{cursor: bucket.Cursor(), prefix: appendNames(nil, queue, kind)}
		l.key, _ = l.cursor.Seek(key)
		lanes = append(lanes, l)
		// Behind all jobs of this kind: no name contains the byte that ends it.
		seek = append(appendNames(nil, queue), kind...)
		seek = append(seek, 1)
	}
}

// paused tells whether a queue hands out nothing.
func (t *txn) paused(queue string) (bool, error) {
	q, err := t.queue(queue)
	return q.Paused, err
}
