package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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
