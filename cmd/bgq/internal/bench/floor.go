package bench

import (
	"context"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// step does, in one commit, what a step of these jobs costs.
type step func(ids ...store.ID) error

// floor is what raw bbolt does for the three steps of a job.
type floor struct{ enqueue, claim, finish step }

// onBoth returns the two sides of a duel that measure the floors of a job: one put for each
// step, and the moves that bgq makes in it.
func (w weight) onBoth(measure func(context.Context, floor) (take, error)) (one, same func(context.Context, string) (take, error)) {
	one = func(ctx context.Context, path string) (take, error) {
		return withinRaw(path, func(r *raw) (take, error) { return measure(ctx, r.floor(w)) })
	}
	same = func(ctx context.Context, path string) (take, error) {
		return withinMade(path, func(db *bbolt.DB) (take, error) { return measure(ctx, w.floor(db)) })
	}
	return one, same
}

// floor makes the moves of bgq.
func (w weight) floor(db *bbolt.DB) floor {
	return floor{w.enqueue.on(db), w.claim.on(db), w.finish.on(db)}
}

// withinMade opens a new file that bgq has made with raw bbolt, lets fn use it, and closes it. The
// buckets of bgq are in it, in each other as bgq has them, and nothing else.
func withinMade(path string, fn func(db *bbolt.DB) (take, error)) (t take, err error) {
	s, err := boltstore.Open(path, boltstore.Options{})
	if err != nil {
		return take{}, err
	}
	if err := s.Close(); err != nil {
		return take{}, err
	}
	db, err := bbolt.Open(path, 0o600, rawOptions())
	if err != nil {
		return take{}, err
	}
	t, err = fn(db)
	return t, errors.Join(err, db.Close())
}

// putNew does it for n new jobs, group in a commit.
func (do step) putNew(ctx context.Context, n, group int) ([]store.ID, error) {
	ids := make([]store.ID, n)
	for i := 0; i < n; i += group {
		part := ids[i:min(i+group, n)]
		for k := range part {
			part[k] = store.NewID()
		}
		if err := errors.Join(ctx.Err(), do(part...)); err != nil {
			return nil, err
		}
	}
	return ids, nil
}
