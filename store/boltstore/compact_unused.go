package boltstore

import (
	"context"
	"os"
)

// Unused returns how many bytes of the file hold nothing. [Store.Compact] gives them back, and
// besides the gaps in pages that are not full. While the file is open for reading only, all its
// pages have to be visited to find out.
func (s *Store) Unused(ctx context.Context) (int64, error) {
	var unused int64
	err := s.view(ctx, func(r *reader) (err error) {
		if s.opts.ReadOnly {
			unused, err = s.unreachable()
			return err
		}
		info, err := os.Stat(s.abs)
		if err == nil {
			unused = max(0, info.Size()-r.tx.Size()) + freeInside(r.tx.DB())
		}
		return err
	})
	return unused, err
}

// unreachable returns how many bytes are in no page that leads anywhere. Nobody may write.
func (s *Store) unreachable() (int64, error) {
	info, err := s.file.Stat()
	if err != nil {
		return 0, err
	}
	report, err := checkPages(s.file, info.Size())
	if err != nil {
		return 0, s.checkError(err, info.Size())
	}
	return info.Size() - int64(report.Reachable)*int64(report.PageSize), nil
}
