package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/migrations"
)

// create makes an empty journal at the path. bbolt's own way is not safe against a
// crash: a power cut in the middle of it leaves a file that cannot be opened. So the
// file is made under another name, and gets its own when it is complete and on disk.
// If somebody else is faster, theirs stays.
func (s *Store) create() error {
	dir := filepath.Dir(s.abs)
	temp, err := os.CreateTemp(dir, "."+filepath.Base(s.abs)+creationMark+"*")
	if err != nil {
		return s.createError(err)
	}
	name := temp.Name()
	defer os.Remove(name)
	if err := temp.Close(); err != nil {
		return s.createError(err)
	}
	if err := fill(name); err != nil {
		return s.createError(err)
	}
	if err := publish(name, s.abs); err != nil {
		return s.createError(err)
	}
	return nil
}

func (s *Store) createError(err error) error {
	hint := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint = "create its directory first"
	case errors.Is(err, fs.ErrPermission):
		hint = "its directory must be writable"
	}
	if inner, ok := errors.AsType[*fs.PathError](err); ok { // its path is that of the temporary file
		err = inner.Err
	}
	return s.fail(fmt.Errorf("it cannot be created: %w", err), hint)
}

// fill makes a journal of an empty file, and waits until it is on disk.
func fill(name string) error {
	db, err := bbolt.Open(name, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	if err := errors.Join(migrations.Apply(db), db.Close()); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// publish gives a complete file its name, without ever replacing another file.
func publish(temp, name string) error {
	err := os.Link(temp, name)
	switch {
	case err == nil, errors.Is(err, fs.ErrExist):
	default:
		// A file system without links. What is left is to look and then to rename: only
		// two programs that create the same file within that moment would not be safe.
		if _, err := os.Lstat(name); err == nil {
			return nil
		}
		if err := os.Rename(temp, name); err != nil {
			return err
		}
	}
	return syncDir(filepath.Dir(name))
}
