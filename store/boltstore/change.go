package boltstore

import (
	"context"

	"github.com/bgq-dev/bgq/store"
)

// Change implements [store.Store]. A move that would take back a unique key which
// another job holds by now is refused.
func (s *Store) Change(ctx context.Context, change store.Change) (store.Changed, error) {
	if err := s.checkCount(len(change.IDs)); err != nil {
		return store.Changed{}, err
	}
	for i := range change.Cases {
		if err := checkMove(&change.Cases[i]); err != nil {
			return store.Changed{}, err
		}
	}
	c := change
	c.IDs = append([]store.ID(nil), change.IDs...)
	c.Cases = append([]store.Move(nil), change.Cases...)
	failure, err := encodeFailure(change.Failure)
	if err != nil {
		return store.Changed{}, err
	}
	who, err := auditOf(ctx)
	if err != nil {
		return store.Changed{}, err
	}
	var changed store.Changed
	err = s.do(ctx, &op{
		jobs: len(c.IDs), bytes: len(c.IDs) * len(failure),
		run: audited(who, func(t *txn) (effect, error) {
			var err error
			changed, err = t.change(&c, failure)
			return effect{jobs: changed.Done}, err
		}),
	})
	if err != nil {
		return store.Changed{}, err
	}
	return changed, nil
}

// change does to each job what the change says about its state.
func (t *txn) change(c *store.Change, failure []byte) (store.Changed, error) {
	for _, id := range c.IDs { // whatever may fail is read before anything is written
		j, err := t.load(id)
		if err != nil {
			return store.Changed{}, err
		}
		if j != nil && j.Unique != "" {
			if _, _, err := t.holder(j.Unique); err != nil {
				return store.Changed{}, err
			}
		}
	}
	var changed store.Changed
	for _, id := range c.IDs {
		j, _ := t.load(id) // in memory since the loop above
		if j == nil {
			changed.Missing = append(changed.Missing, id)
			continue
		}
		was := j.State
		if !t.changeOne(j, c, failure) {
			changed.Refused = append(changed.Refused, store.Refusal{ID: id, State: was})
			continue
		}
		changed.Done = append(changed.Done, id)
		t.hint(store.OnControl, store.ID{})
	}
	return changed, nil
}

func (t *txn) changeOne(j *record, c *store.Change, failure []byte) bool {
	switch {
	case c.Delete.Has(j.State):
		t.remove(j)
		return true
	case c.Consume.Has(j.State):
		if j.Consumed {
			return false
		}
		t.update(j, func() { j.Consumed, j.Kept = true, false })
		return true
	}
	for i := range c.Cases {
		m := &c.Cases[i]
		if !m.From.Has(j.State) {
			continue
		}
		if ok, _ := t.admits(j, m); !ok {
			return false
		}
		t.apply(j, m, func() { t.addFailure(j, failure) })
		return true
	}
	return false
}
