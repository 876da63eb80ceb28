package boltstore

import (
	"fmt"
	"os"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// swap puts the new file into the place of the old one, and returns for how long nothing
// could be written. Reads that are under way end in the old file, which says the same.
func (c *compaction) swap() (pause time.Duration, err error) {
	old, readers, pause, err := c.replace()
	if err != nil {
		return pause, err
	}
	c.dir.Close()
	readers.Wait()
	_ = closeSoon(old) // it has no name any more: nothing in it matters
	return pause, nil
}

// replace holds up who writes.
func (c *compaction) replace() (old *bbolt.DB, readers *sync.WaitGroup, pause time.Duration, err error) {
	s := c.s
	s.writer.Lock()
	defer s.writer.Unlock()
	began := time.Now()
	if err := c.finish(); err != nil {
		return nil, nil, 0, err
	}
	if err := os.Rename(c.temp, c.path); err != nil {
		return nil, nil, 0, c.failed("given its name", err)
	}
	if err := c.dir.Sync(); err != nil {
		// After a power cut either file may have the name. Both say the same, as long as nothing
		// more is written.
		err = fmt.Errorf("%w: the compacted file is in its place, but the folder cannot be synced: %w", store.ErrClosed, err)
		s.breakDown(s.fail(err, "look after the disk, then start the program again"))
		return nil, nil, 0, s.broken()
	}
	c.db.NoSync, c.db.NoGrowSync = false, false
	c.db.AllocSize = minGrowth // the last commit of Close would take bbolt's 16 MiB

	s.handle.Lock()
	defer s.handle.Unlock()
	old, readers = s.db, s.readers
	s.db, s.file, s.readers, s.filled = c.db, c.file, new(sync.WaitGroup), 0
	s.written = true // the new file has no list of free pages yet
	s.changes = nil
	return old, readers, time.Since(began), nil
}

// finish makes the new file complete and durable.
func (c *compaction) finish() error {
	if err := c.catchUp(); err != nil {
		return err
	}
	if err := c.sync(); err != nil {
		return err
	}
	if err := c.alive(); err != nil {
		return err
	}
	return c.find() // the old file has its name yet
}
