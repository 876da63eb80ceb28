package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var _ store.Backlog = (*Store)(nil)

// Oldest implements [store.Backlog]. It costs a look into the index for each kind and priority that
// has available jobs.
func (s *Store) Oldest(ctx context.Context, queues []string) (map[string]time.Time, error) {
	oldest := map[string]time.Time{}
	err := s.view(ctx, func(r *reader) error {
		for _, q := range queues {
			if err := ctx.Err(); err != nil {
				return err
			}
			if at, ok := r.oldest(q); ok {
				oldest[q] = at
			}
		}
		return nil
	})
	return oldest, err
}

// oldest looks at the first job of each kind and priority of a queue, which stand in the order of their time.
func (r *reader) oldest(queue string) (at time.Time, ok bool) {
	prefix := appendNames(nil, queue)
	c := r.cursor(tableReady)
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); {
		_, _, order, valid := splitReady(k)
		if !valid {
			return at, ok
		}
		const priorityLen = 2
		t := fromNanos(int64(binary.BigEndian.Uint64(order[priorityLen:]) ^ 1<<63))
		if !ok || t.Before(at) {
			at, ok = t, true
		}
		// On to the next priority of the kind, or to the next kind.
		next := append([]byte(nil), k[:len(k)-orderLen+priorityLen]...)
		next = append(next, bytes.Repeat([]byte{0xff}, timeLen+idLen)...)
		k, _ = c.Seek(next)
	}
	return at, ok
}
