package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// compaction is one run of Compact.
type compaction struct {
	copying
	path string   // that the new file will have: that of the old one, with links resolved
	temp string   // that it has now
	dir  *os.File // the folder
}

// newCompaction begins to log changes, and makes the new file.
func (s *Store) newCompaction(ctx context.Context) (*compaction, error) {
	c := &compaction{copying: newCopying(ctx, s)}
	c.reserve, c.outcome = s.opts.MinFree, "the queue goes on in its old file"
	if err := c.watch(); err != nil {
		return nil, err
	}
	if err := c.create(); err != nil {
		c.discard()
		return nil, err
	}
	return c, nil
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
	c.name = c.temp
	if err := c.enough(filepath.Dir(c.path)); err != nil {
		return err
	}
	if err := c.openDir(); err != nil {
		return err
	}
	if err := removeLeftover(c.temp); err != nil {
		return c.s.fail(err, "it was left by a compaction that did not end, or is not ours: move it away")
	}
	if err := c.makeFile(); err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return c.s.fail(fmt.Errorf("%s cannot be made: %w", c.temp, bare(err)),
				"do it as the owner of the file, who must be able to write in its folder")
		}
		return c.failed("made", err)
	}
	return nil
}

func (c *compaction) makeFile() error {
	f, err := createAs(c.temp, c.s.abs)
	if err != nil {
		return err
	}
	if err := makeLike(f, c.old); err != nil {
		c.file = f
		return err
	}
	return c.open(c.s.abs, f)
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
	if c.dir != nil {
		c.dir.Close()
	}
	if c.file != nil {
		_ = os.Remove(c.temp)
	}
	c.end()
}
