package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bgq-dev/bgq/store"
)

// draft is a file that is made under a temporary name, and gets its own when it is complete
// and on disk. It never takes the place of another file.
type draft struct {
	path string // the name it will have
	temp string // that it has now
	file *os.File
}

// newDraft creates the file beside its later name, and locks it, so that nobody takes it for
// one that was left behind.
func newDraft(path string) (*draft, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &store.FileError{Path: path, Err: err}
	}
	d := &draft{path: path, temp: filepath.Join(filepath.Dir(abs), "."+filepath.Base(abs)+creationMark+"draft")}
	if _, err := os.Lstat(abs); err == nil {
		return nil, d.taken()
	}
	if err := removeLeftover(d.temp); err != nil {
		return nil, d.fail(err, "it is being made just now, or something was left behind: move that away")
	}
	if d.file, err = os.OpenFile(d.temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return nil, d.createError(err)
	}
	if err := d.claim(); err != nil {
		d.file.Close()
		return nil, d.fail(err, "somebody else makes it just now: wait until that has ended")
	}
	return d, nil
}

// claim locks the file, and makes sure that it still has its name then.
func (d *draft) claim() error {
	if err := lockFile(d.file, true, 0); err != nil {
		return err
	}
	mine, err := d.file.Stat()
	if err != nil {
		return err
	}
	if there, err := os.Lstat(d.temp); err != nil || !os.SameFile(mine, there) {
		return errors.Join(errReplaced, err)
	}
	return nil
}

func (d *draft) fail(err error, hint string) error {
	return &store.FileError{Path: d.path, Err: err, Hint: hint}
}

// taken is the error for a name that another file has.
func (d *draft) taken() error {
	return d.fail(fs.ErrExist, "it is not overwritten: choose another name, or move it away first")
}

func (d *draft) createError(err error) error {
	return (&Store{path: d.path}).createError(bare(err))
}

// publish brings the file to disk, and gives it its name. close closes it. After an error
// there is nothing of that name that was not there before.
func (d *draft) publish(close func() error) error {
	if err := d.file.Sync(); err != nil {
		return d.fail(fmt.Errorf("it cannot be synced: %w", bare(err)), "look after the disk, then try again")
	}
	if !canReplace { // a file that is open cannot get another name here
		if err := close(); err != nil {
			return d.fail(err, "")
		}
		close = func() error { return nil }
	}
	if err := d.rename(); err != nil {
		return err
	}
	err := errors.Join(syncDir(filepath.Dir(d.temp)), close())
	if err != nil {
		_ = os.Remove(d.path)
		return d.fail(fmt.Errorf("its name cannot be made durable: %w", bare(err)), "look after the disk, then try again")
	}
	return nil
}

// rename gives the file its name without ever taking it from another. Where the file system
// has no links, only two programs that do so within a moment would not be safe.
func (d *draft) rename() error {
	err := os.Link(d.temp, d.path)
	switch {
	case err == nil:
		_ = os.Remove(d.temp)
		return nil
	case errors.Is(err, fs.ErrExist):
		return d.taken()
	}
	if _, err := os.Lstat(d.path); err == nil {
		return d.taken()
	}
	if err := os.Rename(d.temp, d.path); err != nil {
		return d.createError(err)
	}
	return nil
}

// discard removes the file. close closes it.
func (d *draft) discard(close func() error) {
	gone := os.Remove(d.temp) == nil // while it is locked, if that is possible
	_ = close()
	if !gone {
		_ = os.Remove(d.temp)
	}
}
