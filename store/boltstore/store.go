package boltstore

import (
	"context"
	"os"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// Store is a journal of jobs in one bbolt file. It implements [store.Store].
type Store struct {
	path string // as it was given, for people
	abs  string // does not depend on the working directory
	opts Options

	committer committer
	watch     watchers
	stats     statistics
	feed      feed

	// writer is held by whoever has the one transaction that writes. It comes before handle.
	writer  sync.Mutex
	scratch scratch // of the last transaction; writer guards it
	filled  int64   // up to where prefill has come
	written bool    // something was committed since the file was opened
	app     *appTx  // the transaction of Update that is under way

	changes *changes // what is written while Compact runs, otherwise nil; guarded by writer

	compacting sync.Mutex // held by Compact. It comes before writer.

	// handle guards db, and readers counts the transactions that read from it. Who begins one
	// holds handle shared, who replaces the handle holds it alone.
	handle  sync.RWMutex
	readers *sync.WaitGroup
	db      *bbolt.DB // nil: closed or broken
	file    *os.File  // what db reads and writes; it belongs to db

	state  sync.Mutex // guards the fields below, and is held for moments only
	failed error      // why nothing can be written any more
	closed bool
}

var _ store.Store = (*Store)(nil)

// Info describes the open file.
type Info struct {
	Path   string
	Format int   // the version of the format
	Size   int64 // of the file, in bytes
	Free   int64 // bytes inside of the file that wait to be used again, if it is open for writing
}

// Info describes the open file.
func (s *Store) Info() (Info, error) {
	info := Info{Path: s.path}
	err := s.view(context.Background(), func(r *reader) error {
		info.Free = freeInside(r.tx.DB())
		format, err := formatOf(r.tx)
		info.Format = format
		return err
	})
	if err != nil {
		return info, err
	}
	fi, err := os.Stat(s.abs)
	if err == nil {
		info.Size = fi.Size()
	}
	return info, err
}

// freeInside returns how many bytes of the file wait to be used again. It is not known
// when the file is open for reading only.
func freeInside(db *bbolt.DB) int64 {
	stats := db.Stats()
	return int64(stats.FreePageN+stats.PendingPageN) * int64(db.Info().PageSize)
}

// Caps implements [store.Store].
func (s *Store) Caps() store.Caps {
	return store.Caps{MaxBatch: s.opts.MaxBatch, MaxValue: s.opts.MaxValue}
}

// Now implements [store.Store]: the clock of this machine, in UTC.
func (s *Store) Now() time.Time { return time.Now().UTC().Round(0) }

// Watch implements [store.Store].
func (s *Store) Watch(topics ...store.Topic) (<-chan struct{}, func()) { return s.watch.add(topics) }

// Close implements [store.Store]. Calls that have begun are carried out; waiting
// claims end with ErrClosed. A second Close returns ErrClosed.
func (s *Store) Close() error {
	s.state.Lock()
	again := s.closed
	s.closed = true
	s.state.Unlock()
	if again {
		return s.fail(store.ErrClosed, "")
	}
	if !s.opts.ReadOnly {
		s.committer.close()
		<-s.committer.done
	}
	s.compacting.Lock() // it has given up, or does so soon
	defer s.compacting.Unlock()
	s.writer.Lock()
	defer s.writer.Unlock()
	s.handle.Lock()
	defer s.handle.Unlock()
	db := s.db
	s.db = nil
	s.readers.Wait()
	s.watch.sendAll() // whoever reads again learns of the end
	s.feed.wake()
	if db == nil {
		return nil
	}
	if s.broken() != nil {
		return closeSoon(db)
	}
	if s.written && !s.opts.ReadOnly {
		// While it runs, the store spares itself from writing the list of free pages. With
		// the list on disk the next open is fast, and knows that this one ended well. If it
		// cannot be written, the next open does what it does after a crash. The statistics that
		// wait in memory come with it.
		db.NoFreelistSync = false
		if guard(func() error { return s.lastCommit(db) }) != nil {
			return closeSoon(db)
		}
	}
	return guard(db.Close)
}

func (c *committer) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.signal()
}

// view runs a function in a transaction that reads. It must be short: an open read
// pins pages, and keeps the file from being mapped anew.
func (s *Store) view(ctx context.Context, fn func(*reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.handle.RLock()
	db, readers := s.db, s.readers
	if db != nil {
		readers.Add(1)
		defer readers.Done()
	}
	s.handle.RUnlock()
	if db == nil {
		if err := s.broken(); err != nil {
			return err
		}
		return s.fail(store.ErrClosed, "")
	}
	err := guard(func() error {
		tx, err := db.Begin(false)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		return fn(&reader{tx: tx})
	})
	return s.explain(err)
}

// breakDown ends all writing.
func (s *Store) breakDown(err error) {
	s.state.Lock()
	defer s.state.Unlock()
	if s.failed == nil {
		s.failed = err
	}
	s.feed.wake()
}

// broken returns why nothing can be written any more, or nil.
func (s *Store) broken() error {
	s.state.Lock()
	defer s.state.Unlock()
	return s.failed
}
