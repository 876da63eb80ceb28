package boltstore

import (
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// enough refuses to begin if the disk has no room for the new file, which will be in that folder.
func (c *copying) enough(dir string) error {
	c.dirname = dir
	unused, err := c.s.Unused(c.ctx)
	if err != nil {
		return err
	}
	return c.room(c.old.Size() - unused)
}

// room fails if so many bytes more would eat into the reserve of the disk.
func (c *copying) room(bytes int64) error {
	free, ok := freeSpace(c.dirname)
	if c.reserve < 0 || !ok || free-bytes >= c.reserve {
		return nil
	}
	err := fmt.Errorf("%w: %d MiB are free, the copy needs %d MiB more, %d MiB are kept for finishing",
		store.ErrNoSpace, free>>20, bytes>>20, c.reserve>>20)
	return c.s.fail(err, "free some space on the disk; "+c.outcome)
}

// open makes a database of the new file, which is empty; bbolt calls it path.
func (c *copying) open(path string, f *os.File) (err error) {
	c.file = f
	c.db, err = openNew(path, f)
	return err
}

// openNew makes a database of an empty file, which bbolt calls path. It is not synced with each
// commit, and it grows by what is written: that is for files which nobody knows yet.
func openNew(path string, f *os.File) (db *bbolt.DB, err error) {
	opened := false
	options := &bbolt.Options{
		Timeout:         time.Second,
		NoFreelistSync:  true,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: initialMap(),
		NoSync:          true,
		NoGrowSync:      true,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			if opened { // by a transaction that copies the file
				return os.OpenFile(name, flag, mode)
			}
			opened = true
			return f, nil
		},
	}
	err = guard(func() (err error) {
		db, err = bbolt.Open(path, 0o600, options)
		return err
	})
	return db, err
}

// write changes the new file.
func (c *copying) write(fn func(*bbolt.Tx) error) error {
	if err := c.room(0); err != nil {
		return err
	}
	err := guard(func() error {
		tx, err := c.db.Begin(true)
		if err != nil {
			return err
		}
		defer tx.Rollback() // does nothing after Commit
		if err := fn(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
	if err != nil {
		return c.failed("written", err)
	}
	return nil
}

// syncStep is after how many bytes the new file is synced: what waits for that in memory also
// delays the commits in the old one.
const syncStep = 8 << 20

// wrote is told how many bytes were written.
func (c *copying) wrote(n int) error {
	if c.unsynced += n; c.unsynced < syncStep {
		return nil
	}
	return c.sync()
}

func (c *copying) sync() error {
	c.unsynced = 0
	if err := c.file.Sync(); err != nil {
		return c.failed("synced", err)
	}
	return nil
}

// failed explains an error of the new file.
func (c *copying) failed(what string, err error) error {
	return c.s.fail(fmt.Errorf("%s cannot be %s: %w", c.name, what, bare(err)), c.outcome+"; look after the disk, then try again")
}

// bare returns an error of a file without the path, which may be the one it will have.
func bare(err error) error {
	switch err := err.(type) {
	case *fs.PathError:
		return err.Err
	case *os.LinkError:
		return err.Err
	}
	return err
}
