package boltstore

import (
	"context"

	"github.com/bgq-dev/bgq/store"
)

// Audit implements [store.Store].
func (s *Store) Audit(ctx context.Context, req store.AuditRequest) ([]store.AuditEntry, error) {
	return nil, nil
}
