package boltstore

import (
	"context"
	"errors"
	"time"
)

// Backup is what [Store.Backup] did.
type Backup struct {
	Size int64
	Took time.Duration
}

// Backup is being written.
func (s *Store) Backup(ctx context.Context, path string) (Backup, error) {
	return Backup{}, errors.New("not yet")
}
