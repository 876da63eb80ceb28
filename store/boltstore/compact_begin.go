package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// compaction is one run of Compact.
type compaction struct {
	s       *Store
	ctx     context.Context
	changes *changes
	old     fs.FileInfo // the old file

	// The new file, as long as it has no name of its own.
	path string // that it will have: that of the old one, with links resolved
	temp string // that it has now
	db   *bbolt.DB
	file *os.File // it belongs to db
	dir  *os.File // the folder

	copied     [tables]extent
	doubts     []changed // that differ between the files
	doubtBytes int64     // of memory, about
	unsynced   int       // bytes

	// Tests change these.
	step    int    // items of a chunk
	maxLog  int64  // how much memory the log may take before it is worked off
	between func() // called between the chunks, unless nil
}

// newCompaction begins to log changes, and makes the new file.
func (s *Store) newCompaction(ctx context.Context) (*compaction, error) {
	c := &compaction{s: s, ctx: ctx, changes: newChanges(), step: chunkItems, maxLog: maxLog}
	if err := c.alive(); err != nil {
		return nil, err
	}
	if err := c.watch(); err != nil {
		return nil, err
	}
	if err := c.create(); err != nil {
		c.discard()
		return nil, err
	}
	return c, nil
}

// alive says why it should not go on: nobody waits for it, or the store is being closed.
func (c *compaction) alive() error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if c.s.isClosed() {
		return c.s.fail(store.ErrClosed, "")
	}
	return nil
}

// isClosed tells whether Close was called.
func (s *Store) isClosed() bool {
	s.state.Lock()
	defer s.state.Unlock()
	return s.closed
}

// watch begins to log changes.
func (c *compaction) watch() (err error) {
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
func (c *compaction) usable() error {
	if err := c.s.broken(); err != nil {
		return err
	}
	if c.s.db == nil {
		return c.s.fail(store.ErrClosed, "")
	}
	return nil
}

// create makes the new file beside the old one. From then on it is locked, as the old one is.
func (c *compaction) create() error {
	if !canReplace {
		return c.s.fail(fmt.Errorf("it cannot be compacted on this system, which does not replace a file that is open: %w", errors.ErrUnsupported),
			"compact a copy of it elsewhere")
	}
	if err := c.find(); err != nil {
		return err
	}
	if names(c.old) > 1 {
		if err := c.dropOtherNames(); err != nil {
			return err
		}
	}
	if err := c.enough(); err != nil {
		return err
	}
	if err := c.openDir(); err != nil {
		return err
	}
	if err := removeLeftover(c.temp); err != nil {
		return c.s.fail(err, "it was left by a compaction that did not end, or is not ours: move it away")
	}
	if err := c.open(); err != nil {
		return c.failed("made", err)
	}
	return nil
}

// openDir opens the folder, and syncs it to see that it can be: when the new file has its
// name, it is too late to find out.
func (c *compaction) openDir() (err error) {
	if c.dir, err = os.Open(filepath.Dir(c.path)); err == nil {
		err = c.dir.Sync()
	}
	if err != nil {
		return c.s.fail(fmt.Errorf("its folder cannot be synced: %w", err), "the folder must be readable, and on a file system that keeps names safe")
	}
	return nil
}

// discard ends a compaction that has failed.
func (c *compaction) discard() {
	c.s.writer.Lock()
	c.s.changes = nil
	c.s.writer.Unlock()
	if c.dir != nil {
		c.dir.Close()
	}
	if c.file == nil {
		return
	}
	_ = os.Remove(c.temp)
	if c.db != nil {
		_ = closeSoon(c.db)
	} else { // bbolt closes it when Open fails, but not after a panic
		_ = c.file.Close()
	}
}
