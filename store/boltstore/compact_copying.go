package boltstore

import (
	"context"
	"io/fs"
	"os"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// copying is one run of writing what the file holds into a new one while the store is in use:
// for [Store.Compact], and for [Store.Backup]. The file is read in chunks, each in a short
// transaction, so that no page is pinned for long; what is written meanwhile is logged, and
// done in the new file too. Only the last of it, see catchUp, is done while nobody writes.
type copying struct {
	s       *Store
	ctx     context.Context
	changes *changes
	old     fs.FileInfo // the old file

	// The new file.
	name    string // what people know it by
	outcome string // what becomes of it after an error, for people
	reserve int64  // bytes of its disk that must stay free
	dirname string // where it is
	db      *bbolt.DB
	file    *os.File // it belongs to db

	copied     [tables]extent
	doubts     []changed // that differ between the files
	doubtBytes int64     // of memory, about
	unsynced   int       // bytes

	// Tests change these.
	step    int    // items of a chunk
	maxLog  int64  // how much memory the log may take before it is worked off
	between func() // called between the chunks, unless nil
}

func newCopying(ctx context.Context, s *Store) copying {
	return copying{s: s, ctx: ctx, changes: newChanges(), step: chunkItems, maxLog: maxLog}
}

// alive says why it should not go on: nobody waits for it, or the store is being closed.
func (c *copying) alive() error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if c.s.isClosed() {
		return c.s.fail(store.ErrClosed, "")
	}
	return nil
}

// watch begins to log changes.
func (c *copying) watch() (err error) {
	if err := c.alive(); err != nil {
		return err
	}
	c.s.writer.Lock()
	defer c.s.writer.Unlock()
	if err := c.usable(); err != nil {
		return err
	}
	if c.old, err = c.s.file.Stat(); err == nil {
		c.s.changes = c.changes
	}
	return err
}

// usable says why nothing can be written. The caller holds s.writer.
func (c *copying) usable() error {
	if err := c.s.broken(); err != nil {
		return err
	}
	if c.s.db == nil {
		return c.s.fail(store.ErrClosed, "")
	}
	return nil
}

// follow makes the new file as the old one is, or nearly so.
func (c *copying) follow() error {
	for _, step := range []func() error{c.copy, c.compare, c.comeClose} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// copy fills the new file.
func (c *copying) copy() error {
	if err := c.align(nil, copyAll); err != nil {
		return err
	}
	return c.settle()
}

// compare reads both files to the end. Where they differ, the log of changes must say why:
// that proves that the copy is one, and that nothing is ever written past the log.
func (c *copying) compare() error {
	c.s.writer.Lock()
	c.changes.app = false
	c.s.writer.Unlock()
	if err := c.align(nil, compareTables); err != nil {
		return err
	}
	return c.settle()
}

const (
	// fewChanges can be caught up with in a moment.
	fewChanges = 500
	// maxRounds is how often that is tried to get to.
	maxRounds = 10
)

// comeClose lets the new file follow the old one until there is little between them.
func (c *copying) comeClose() error {
	for range maxRounds {
		if err := c.sync(); err != nil {
			return err
		}
		few := c.changes.count.Load() <= fewChanges
		if err := c.settle(); err != nil || few {
			return err
		}
	}
	return nil
}

// catchUp makes the new file say exactly what the old one says. The caller holds s.writer, so
// that it stays so.
func (c *copying) catchUp() error {
	if err := c.usable(); err != nil {
		return err
	}
	if err := c.redo(c.changes.take()); err != nil {
		return err
	}
	if c.changes.app {
		return c.align(nil, skipTables)
	}
	return nil
}

// end ends a run that has failed, and closes what is open of the new file.
func (c *copying) end() {
	c.s.writer.Lock()
	c.s.changes = nil
	c.s.writer.Unlock()
	switch {
	case c.db != nil:
		_ = closeSoon(c.db)
	case c.file != nil: // bbolt closes it when Open fails, but not after a panic
		_ = c.file.Close()
	}
}
