package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// transact runs a function in a transaction that writes, and commits what it wrote.
// If it returns an error, nothing is stored, unless the error matches ErrUnknown.
// Nobody is told of anything before it is on disk.
func (s *Store) transact(fn func(*txn)) error {
	s.writer.Lock()
	defer s.writer.Unlock()
	if err := s.broken(); err != nil {
		return err
	}
	var t *txn
	err := guard(func() error {
		tx, err := s.db.Begin(true)
		if err != nil {
			return err
		}
		t = newTxn(tx, s.Now(), s.scratch)
		s.scratch = scratch{} // what a transaction that fails leaves in it is not looked at again
		t.changes, t.watch = s.changes, s.feed.on.Load()
		fn(t)
		if t.changed && s.stats.due() && s.nearlyFull(tx) == nil {
			t.saveStats(&s.stats)
		}
		return t.flush()
	})
	if err != nil {
		return s.abandon(t, err)
	}
	if !t.changed {
		t.tx.Rollback()
		s.scratch = t.scratch.reuse()
		return nil
	}
	if err := s.commitTx(t.tx); err != nil {
		return err
	}
	if t.saved {
		s.stats.saved()
	}
	s.tell(t.now, t.ledger, t.notices, t.hints)
	s.scratch = t.scratch.reuse()
	return nil
}

// tell counts and tells of what has been committed. The caller holds s.writer, so that all
// happens in the order of the commits.
func (s *Store) tell(at time.Time, l *ledger, notices []notice, hints []store.Topic) {
	s.stats.add(at, l)
	s.feed.publish(notices)
	s.watch.send(hints)
}

// commitTx commits, and finds out what became of it if that fails. The caller holds
// s.writer.
func (s *Store) commitTx(tx *bbolt.Tx) error {
	id := tx.ID()
	// The larger the file, the larger the steps in which it grows.
	tx.DB().AllocSize = int(min(max(tx.Size()/4, minGrowth), 64<<20))
	s.prefill(tx)
	err := guard(tx.Commit)
	if err == nil {
		s.written = true
		return nil
	}
	_ = guard(tx.Rollback) // after a panic the transaction is still open
	return s.resolve(id, err)
}

// abandon rolls back after an error that was not an answer to one call. Damage that
// was met while writing makes the store read-only: bbolt's memory of the file is not
// to be trusted any more.
func (s *Store) abandon(t *txn, err error) error {
	if t != nil {
		// Not the rollback inside of bbolt's Update: it would scan the damaged file.
		_ = guard(t.tx.Rollback)
	}
	if p, ok := errors.AsType[*panicError](err); ok {
		err = s.fail(p, hintDamaged)
		s.breakDown(err)
		return err
	}
	return s.fail(err, hintDamaged)
}

// resolve finds out whether a commit that failed is in the file: its meta pages name
// the last transaction. They are read while the file is locked yet, because the
// transactions of another program have numbers too. The engine must not go on with
// the same handle: it may build the next commit upon one that is only half on disk.
// So the file is closed, and opened again with all its checks. The caller holds
// s.writer.
func (s *Store) resolve(id int, cause error) error {
	s.handle.Lock()
	defer s.handle.Unlock()
	unknown := func(err error) error {
		const hint = "look after the disk, then start the program again"
		s.breakDown(s.fail(fmt.Errorf("%w: a commit failed (%w), and the file cannot be opened again (%w)", store.ErrClosed, cause, err), hint))
		return s.fail(fmt.Errorf("%w: %w; the file cannot be opened again: %w", store.ErrUnknown, cause, err), hint)
	}
	db := s.db
	s.db = nil
	s.readers.Wait()
	before, last, err := lookAt(s.file)
	if err := errors.Join(err, closeSoon(db)); err != nil {
		return unknown(err)
	}
	db, file, _, err := s.openFile()
	if err != nil {
		return unknown(err)
	}
	now, err := file.Stat()
	if err == nil && !os.SameFile(before, now) {
		err = errReplaced
	}
	if err != nil {
		return unknown(errors.Join(err, closeSoon(db)))
	}
	s.db, s.file, s.filled = db, file, 0
	if last < uint64(id) {
		return s.fail(fmt.Errorf("%w: %w", store.ErrNotStored, cause), "free some space or look after the disk, then try again")
	}
	// It is in the file as we see it, but perhaps not yet on the disk: the failed call
	// may have been the last sync. One more commit, which must succeed, settles it.
	if err := db.Update(func(*bbolt.Tx) error { return nil }); err != nil {
		return unknown(err)
	}
	s.written = true
	return nil
}

// lookAt says which file it is, and the number of the last transaction in it.
func lookAt(f *os.File) (fs.FileInfo, uint64, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	report, err := pagecheck.ReadMeta(f, info.Size())
	return info, report.TxID, err
}

// closeSoon closes a handle that may be in a bad state: after a panic a lock inside
// of it may be held for ever.
func closeSoon(db *bbolt.DB) error {
	closed := make(chan error, 1)
	go func() { closed <- guard(db.Close) }()
	select {
	case <-closed: // the file is closed, whatever else went wrong
		return nil
	case <-time.After(10 * time.Second):
		return errors.New("closing it does not come to an end")
	}
}

// panicError is what guard makes of a panic inside of bbolt. It matches ErrCorrupt.
type panicError struct{ value any }

func (p *panicError) Error() string { return fmt.Sprintf("%v: %v", store.ErrCorrupt, p.value) }
func (p *panicError) Unwrap() error { return store.ErrCorrupt }

// guard turns a panic, or a fault of memory mapped from a file that is too short,
// into an error: that is how bbolt meets damaged pages.
func guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v}
		}
	}()
	return fn()
}
