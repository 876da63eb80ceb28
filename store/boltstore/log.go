package boltstore

import (
	"context"

	"github.com/bgq-dev/bgq/store"
)

// Logs implements [store.Store].
func (s *Store) Logs(ctx context.Context, id store.ID, after int64, limit int) ([]store.LogLine, error) {
	return nil, nil
}
