package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bgq-dev/bgq/store"
)

// newSource returns a store that is not open: its file is read as it is, byte by byte.
func newSource(path string, o Options) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &store.FileError{Path: path, Err: err}
	}
	o.ReadOnly = true
	return &Store{path: path, abs: abs, opts: o.withDefaults()}, nil
}

// openSource opens the file for reading, and locks it so that nobody writes to it.
func (s *Store) openSource() (*os.File, error) {
	for {
		// Looked at before it is opened: opening a pipe could wait for ever.
		info, err := os.Stat(s.abs)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, s.fail(fs.ErrNotExist, "check the name")
		case err == nil && !info.IsDir() && !info.Mode().IsRegular():
			return nil, s.fail(fmt.Errorf("%w: it is no regular file", store.ErrForeign), "name a file")
		case err == nil && info.IsDir():
			return nil, s.openPathError(s.abs, err)
		}
		f, err := os.Open(s.abs)
		if err != nil {
			return nil, s.openPathError(s.abs, err)
		}
		err = s.lockSource(f)
		if err == nil {
			return f, nil
		}
		f.Close()
		if err != errReplaced {
			return nil, err
		}
	}
}

func (s *Store) lockSource(f *os.File) error {
	if err := lockFile(f, false, s.opts.LockTimeout); err != nil {
		if errors.Is(err, errHeld) {
			err = s.locked()
		}
		return err
	}
	return s.stillThere(f)
}

// stillThere returns errReplaced if the path leads to another file by now.
func (s *Store) stillThere(f *os.File) error {
	mine, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(s.abs)
	switch {
	case err != nil:
		return s.openPathError(s.abs, err)
	case !os.SameFile(mine, there):
		return errReplaced
	}
	return nil
}
