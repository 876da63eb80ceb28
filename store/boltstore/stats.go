package boltstore

import (
	"context"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Stats implements [store.Store].
func (s *Store) Stats(ctx context.Context, from, to time.Time) ([]store.Stats, error) {
	return nil, nil
}
