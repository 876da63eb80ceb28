package boltstore

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// Backup describes a copy of a file that was made.
type Backup struct {
	Size  int64         // in bytes
	Jobs  int64         // how many are in it, as its counters say; -1 if they cannot be read
	Took  time.Duration // all of it
	Pause time.Duration // for so long nothing could be written
}

// Backup writes a copy of the file to path, with the buckets of the application, while the
// store is in use. The copy is compact, and as a file is that was closed well. It says what
// the file says at one moment, close to the end of the call: each commit is in it whole, or not at all. Jobs
// that run at that moment are running in the copy, and count as crashed when it is opened.
// Statistics of the latest seconds may be missing, see [Store.Stats].
//
// As for [Store.Compact], which see: writing stops only at the end, for what has changed since
// it was last looked at, and for the comparison of the application's buckets; records are
// copied as they are; one compaction or backup runs at a time, and none must be begun inside of Update.
//
// There is nothing at path before the copy is complete and on disk; a file that is there
// (fs.ErrExist) is left alone. After an error, or when ctx ends, nothing is left behind. A store
// that is open for reading is copied as [Copy] does it.
func (s *Store) Backup(ctx context.Context, path string) (Backup, error) {
	if s.isClosed() {
		return Backup{}, s.fail(store.ErrClosed, "")
	}
	if s.opts.ReadOnly {
		return Copy(ctx, s.abs, path, nil)
	}
	if !s.compacting.TryLock() {
		return Backup{}, s.busyCopying()
	}
	defer s.compacting.Unlock()
	began := time.Now()
	b, err := s.newBackup(ctx, path)
	if err != nil {
		return Backup{}, s.explain(err)
	}
	if err := b.run(); err != nil {
		b.discard()
		return Backup{}, s.explain(err)
	}
	b.done.Took = time.Since(began)
	return b.done, nil
}

// backup is one run of Backup.
type backup struct {
	copying
	draft *draft
	done  Backup
}

func (s *Store) newBackup(ctx context.Context, path string) (*backup, error) {
	b := &backup{copying: newCopying(ctx, s)}
	b.name, b.outcome = "its backup "+path, "no backup was made"
	if err := b.alive(); err != nil {
		return nil, err
	}
	var err error
	if b.draft, err = newDraft(path); err != nil {
		return nil, err
	}
	b.file = b.draft.file
	if err := b.begin(); err != nil {
		b.discard()
		return nil, err
	}
	return b, nil
}

// begin begins to log changes, and makes a database of the new file.
func (b *backup) begin() error {
	if err := b.watch(); err != nil {
		return err
	}
	dir := filepath.Dir(b.draft.temp)
	if sameDisk(dir, b.s.abs) {
		b.reserve = b.s.opts.MinFree
	}
	if err := b.enough(dir); err != nil {
		return err
	}
	if err := b.open(b.draft.temp, b.file); err != nil {
		return b.failed("made", err)
	}
	return nil
}

// run does all the steps.
func (b *backup) run() error {
	for _, step := range []func() error{b.follow, b.part, b.complete} {
		if err := step(); err != nil {
			return err
		}
	}
	return b.draft.publish(b.db.Close)
}

// part makes the copy what the file is at this moment, and stops following it.
func (b *backup) part() error {
	b.s.writer.Lock()
	defer b.s.writer.Unlock()
	began := time.Now()
	if err := b.catchUp(); err != nil {
		return err
	}
	b.s.changes = nil
	b.done.Pause = time.Since(began)
	return nil
}

// complete stores the list of free pages, which makes the copy a file that was closed well,
// and looks at the result.
func (b *backup) complete() error {
	b.db.NoFreelistSync = false
	if err := b.write(func(*bbolt.Tx) error { return nil }); err != nil {
		return err
	}
	if err := b.sync(); err != nil {
		return err
	}
	err := guard(func() error {
		return b.db.View(func(tx *bbolt.Tx) error {
			b.done.Jobs = (&reader{tx: tx}).jobCount()
			return nil
		})
	})
	if err != nil {
		return b.failed("read", err)
	}
	info, err := b.file.Stat()
	if err != nil {
		return b.failed("read", err)
	}
	b.done.Size = info.Size()
	report, err := checkPages(b.file, b.done.Size)
	if err == nil && !report.Clean {
		err = errors.New("the list of free pages is missing")
	}
	if err != nil {
		return b.failed("trusted", err)
	}
	return b.ctx.Err()
}

// discard ends a backup that has failed.
func (b *backup) discard() {
	b.draft.discard(func() error {
		b.end()
		return nil
	})
}

// jobCount sums up the counters; -1: they cannot be read.
func (r *reader) jobCount() (n int64) {
	rows, err := r.counts()
	if err != nil {
		return -1
	}
	for _, row := range rows {
		n += row.N
	}
	return n
}
