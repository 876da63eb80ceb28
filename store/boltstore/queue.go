package boltstore

import (
	"context"

	"github.com/bgq-dev/bgq/store"
)

// PutQueue implements [store.Store].
func (s *Store) PutQueue(ctx context.Context, q store.QueueInfo) error {
	if err := checkName("queue", q.Name, maxName); err != nil {
		return err
	}
	if err := checkText("reason of a pause", q.Reason, maxText); err != nil {
		return err
	}
	key := []byte(q.Name)
	sealed, err := encodeMsgpack(key, &q)
	if err != nil {
		return err
	}
	return s.do(ctx, &op{
		run: func(t *txn) error {
			// A damaged record is replaced: these settings are all there is to it.
			was, err := t.queue(q.Name)
			t.put(tableQueue, key, sealed)
			if err != nil || was.Paused != q.Paused {
				t.hint(store.OnControl, store.ID{})
			}
			t.woken[q.Name] = struct{}{}
			return nil
		},
	})
}

// Queues implements [store.Store].
func (s *Store) Queues(ctx context.Context) ([]store.QueueInfo, error) {
	var all []store.QueueInfo
	err := s.view(ctx, func(r *reader) error {
		for k := range r.prefix(tableQueue, nil) {
			q, err := r.queue(string(k))
			if err != nil {
				return err
			}
			all = append(all, q)
		}
		return nil
	})
	return all, err
}

// queue reads the settings of a queue. Without any they are the zero ones.
func (r *reader) queue(name string) (store.QueueInfo, error) {
	q := store.QueueInfo{Name: name}
	key := []byte(name)
	sealed := r.get(tableQueue, key)
	if sealed == nil {
		return q, nil
	}
	if err := decodeMsgpack(key, sealed, &q); err != nil {
		return q, damaged("the settings of the queue %q: %w", name, err)
	}
	q.Since = q.Since.UTC()
	return q, nil
}
