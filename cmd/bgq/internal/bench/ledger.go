package bench

import (
	"context"
	"errors"

	"go.etcd.io/bbolt"
)

// ledger is what a file says about how it was used so far.
type ledger struct {
	commits int
	bytes   int64 // of the file that are in use
}

// updater is who runs a function in a transaction on the file: a store or a client.
type updater interface {
	Update(ctx context.Context, fn func(*bbolt.Tx) error) error
}

// errRead ends a transaction that was only to read.
var errRead = errors.New("nothing to write")

// inspect lets fn read the file in a transaction that is not committed.
func inspect(ctx context.Context, u updater, fn func(tx *bbolt.Tx) error) error {
	err := u.Update(ctx, func(tx *bbolt.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return errRead
	})
	if errors.Is(err, errRead) {
		return nil
	}
	return err
}

// readLedger reads the file as it is now.
func readLedger(ctx context.Context, u updater) (l ledger, err error) {
	err = inspect(ctx, u, func(tx *bbolt.Tx) error {
		stats := tx.DB().Stats()
		free := int64(stats.FreePageN+stats.PendingPageN) * int64(tx.DB().Info().PageSize)
		l = ledger{commits: tx.ID() - 1, bytes: tx.Size() - free}
		return nil
	})
	return l, err
}

// perJob puts into figures what n jobs have cost since then.
func (l ledger) perJob(ctx context.Context, u updater, n int, figures map[string]float64) error {
	now, err := readLedger(ctx, u)
	if err != nil || n == 0 {
		return err
	}
	if commits := now.commits - l.commits; commits > 0 {
		figures["jobs_per_commit"] = float64(n) / float64(commits)
	}
	figures["file_bytes_per_job"] = float64(now.bytes-l.bytes) / float64(n)
	return nil
}
