package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// find sets the paths, and makes sure that they lead to the file.
func (c *compaction) find() (err error) {
	if c.path, err = filepath.EvalSymlinks(c.s.abs); err != nil {
		return c.s.fail(err, hintReplaced)
	}
	c.temp = tempName(c.path)
	there, err := os.Stat(c.path)
	if err != nil || !os.SameFile(there, c.old) {
		return c.s.fail(errors.Join(errReplaced, err), hintReplaced)
	}
	c.old = there
	return nil
}

const hintReplaced = "put it back in its place, or start the program again, which then opens the one that is there"

// dropOtherNames removes the names that the file may have from its creation, if that was
// killed when it was almost done. Any other name is not ours to remove.
func (c *compaction) dropOtherNames() error {
	dir, base := filepath.Split(c.path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return c.s.fail(err, "its folder must be readable")
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "."+base+creationMark) {
			continue
		}
		if info, err := e.Info(); err == nil && os.SameFile(info, c.old) {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	if err := c.find(); err != nil {
		return err
	}
	if n := names(c.old); n > 1 {
		return c.s.fail(fmt.Errorf("it has %d names (hard links), and all but one would keep the old file", n), "remove the others")
	}
	return nil
}

// creationMark follows the name of the file in that of one that is being created, see create.
const creationMark = ".new-"

// tempName is the name of the new file. It needs nothing random: who compacts holds the lock
// of the old file.
func tempName(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".bgq-compact")
}

// removeLeftover removes the new file of a compaction that was killed. The caller holds the
// lock of the old file.
func removeLeftover(temp string) error {
	info, err := os.Lstat(temp)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is in the way", temp)
	}
	f, err := os.OpenFile(temp, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := lockFile(f, true, 0); err != nil {
		return fmt.Errorf("%s is in the way: %w", temp, err)
	}
	return os.Remove(temp)
}

// sweep puts in order what a compaction, or the creation of the file, has left behind that
// was killed.
func (s *Store) sweep() {
	path, err := filepath.EvalSymlinks(s.abs)
	if err != nil || s.opts.ReadOnly {
		return
	}
	_ = removeLeftover(tempName(path)) // if it stays, Compact says why
	// Whoever gave the file its name may have been killed before that was on disk.
	_ = syncDir(filepath.Dir(path))
}

// enough refuses to begin if the disk has no room for the new file.
func (c *compaction) enough() error {
	unused, err := c.s.Unused(c.ctx)
	if err != nil {
		return err
	}
	return c.room(c.old.Size() - unused)
}

// room fails if so many bytes more would eat into the reserve of the disk.
func (c *compaction) room(bytes int64) error {
	reserve := c.s.opts.MinFree
	free, ok := freeSpace(filepath.Dir(c.path))
	if reserve < 0 || !ok || free-bytes >= reserve {
		return nil
	}
	err := fmt.Errorf("%w: %d MiB are free, the compacted copy needs %d MiB more, %d MiB are kept for finishing",
		store.ErrNoSpace, free>>20, bytes>>20, reserve>>20)
	return c.s.fail(err, "free some space on the disk; the queue goes on in its old file")
}

// open creates the new file through bbolt. Until it takes its place it is not synced with
// each commit, and it grows by what is written.
func (c *compaction) open() error {
	options := &bbolt.Options{
		Timeout:         time.Second,
		NoFreelistSync:  true,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: initialMap(),
		NoSync:          true,
		NoGrowSync:      true,
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			if c.file != nil { // by a transaction that copies the file
				return os.OpenFile(name, flag, mode)
			}
			if f, err = createAs(c.temp, c.s.abs); err != nil {
				return nil, err
			}
			c.file = f
			return f, makeLike(f, c.old)
		},
	}
	return guard(func() (err error) {
		c.db, err = bbolt.Open(c.s.abs, 0o600, options)
		return err
	})
}

// write changes the new file.
func (c *compaction) write(fn func(*bbolt.Tx) error) error {
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
func (c *compaction) wrote(n int) error {
	if c.unsynced += n; c.unsynced < syncStep {
		return nil
	}
	return c.sync()
}

func (c *compaction) sync() error {
	c.unsynced = 0
	if err := c.file.Sync(); err != nil {
		return c.failed("synced", err)
	}
	return nil
}

// failed explains an error of the new file.
func (c *compaction) failed(what string, err error) error {
	hint := "the queue goes on in its old file; look after the disk, then try again"
	if errors.Is(err, fs.ErrPermission) {
		hint = "do it as the owner of the file, who must be able to write in its folder"
	}
	return c.s.fail(fmt.Errorf("%s cannot be %s: %w", c.temp, what, bare(err)), hint)
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
