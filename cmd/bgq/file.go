package main

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// lockPatience is how long to wait for the lock of a file. Another bgq command holds it for
// moments, an app as long as it lives; so waiting longer would not help.
const lockPatience = 300 * time.Millisecond

// file is the file of the queue while this command itself has it open. Most commands leave
// that to their [target]; those that use a file directly are the ones that no app
// could answer, like bgq run.
type file struct {
	store *boltstore.Store
	queue *queue.Queue
}

// open opens a file that is there.
func (a *app) open(readOnly bool) (*file, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	return a.openFile(readOnly)
}

// openOrCreate opens the file for writing; it may be new.
func (a *app) openOrCreate() (*file, error) {
	if err := a.exists(); err != nil && codeOf(err) != exitNoFile {
		return nil, err
	}
	return a.openFile(false)
}

// read opens the file for reading, lets f read, and closes it.
func (a *app) read(f func(*queue.Queue) error) error {
	opened, err := a.open(true)
	if err != nil {
		return err
	}
	defer opened.close()
	return f(opened.queue)
}

func (a *app) openFile(readOnly bool) (*file, error) {
	if a.addr != "" && a.addrGiven {
		return nil, usage("give --db FILE instead", "this works on the file itself: --addr does not go with it")
	}
	return openFile(a.db, readOnly, lockPatience)
}

func openFile(path string, readOnly bool, patience time.Duration) (*file, error) {
	s, err := boltstore.Open(path, boltstore.Options{ReadOnly: readOnly, LockTimeout: patience})
	if err != nil {
		return nil, err
	}
	q, err := queue.New(s, queue.Config{})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &file{s, q}, nil
}

// close closes the file. Closing it again does nothing.
func (f *file) close() error {
	err := f.store.Close()
	if errors.Is(err, store.ErrClosed) {
		return nil
	}
	return err
}

// exists refuses a file that is not there: opening it would create it.
func (a *app) exists() error { return exists(a.db) }

func exists(path string) error {
	const hint = "give the file of the queue with --db FILE, or set BGQ_DB"
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fail(exitNoFile, hint, "%s: there is no such file", path)
	case err != nil:
		return err
	case info.IsDir():
		return fail(exitMismatch, hint, "%s: it is a directory", path)
	}
	return nil
}
