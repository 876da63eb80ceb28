package boltstore

import (
	"context"

	"github.com/bgq-dev/bgq/store"
)

var _ store.Keys = (*Store)(nil)

// Holder implements [store.Keys].
func (s *Store) Holder(ctx context.Context, unique string) (id store.ID, held bool, err error) {
	err = s.view(ctx, func(r *reader) (err error) {
		id, held, err = r.holder(unique)
		return err
	})
	return id, held && err == nil, err
}

// wantsKey tells whether a job in its state is one that holds its unique key.
func wantsKey(j *record) bool {
	if j.Unique == "" {
		return false
	}
	switch j.UniqueUntil {
	case store.UntilDeleted:
		return true
	case store.UntilStart:
		return j.Claim == 0 && !j.State.Final()
	default:
		return !j.State.Final()
	}
}

func (t *txn) takeKey(j *record) {
	key := []byte(j.Unique)
	t.put(tableUnique, key, sealID(key, j.ID))
}

// dropKey frees the unique key of a job, if it is the one that holds it.
func (t *txn) dropKey(j *record) {
	if j.Unique == "" {
		return
	}
	if id, held, err := t.holder(j.Unique); err == nil && held && id == j.ID {
		t.delete(tableUnique, []byte(j.Unique))
	}
}

// keyTaken tells whether another job holds the unique key of j.
func (t *txn) keyTaken(j *record) (bool, error) {
	id, held, err := t.holder(j.Unique)
	return held && id != j.ID, err
}
