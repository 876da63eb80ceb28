package boltstore

import (
	"context"

	"github.com/bgq-dev/bgq/store"
)

// Get implements [store.Store].
func (s *Store) Get(ctx context.Context, ids []store.ID, parts store.Parts) ([]store.Job, error) {
	if err := s.checkCount(len(ids)); err != nil {
		return nil, err
	}
	jobs := make([]store.Job, 0, len(ids))
	err := s.view(ctx, func(r *reader) error {
		for _, id := range ids {
			j, err := r.record(id)
			if err == nil && j != nil {
				err = r.parts(j, parts)
			}
			if err != nil {
				return err
			}
			if j != nil {
				jobs = append(jobs, j.Job)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return jobs, nil
}

// Count implements [store.Store]. The rows are sorted by queue, kind and state.
func (s *Store) Count(ctx context.Context) ([]store.CountRow, error) {
	var rows []store.CountRow
	err := s.view(ctx, func(r *reader) (err error) {
		rows, err = r.counts()
		return err
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

func (r *reader) counts() ([]store.CountRow, error) {
	var rows []store.CountRow
	for k, sealed := range r.prefix(tableCount, nil) {
		row, ok := splitCount(k)
		if !ok {
			return nil, damaged("the counter %q: %w", k, errLayout)
		}
		if row.N, ok = readCount(k, sealed); !ok {
			return nil, damaged("the counter %q: %w", k, errChecksum)
		}
		rows = append(rows, row)
	}
	return rows, nil
}
