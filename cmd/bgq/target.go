package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// How long to wait for the lock of a file. Another bgq command holds it for
// moments, an app as long as it lives; so waiting longer would not help.
const lockPatience = 300 * time.Millisecond

// read opens the file for reading, lets f read, and closes it. f only reads: it
// neither prints nor asks, because an app that starts meanwhile waits for it.
func (a *app) read(f func(*queue.Queue) error) error {
	t, err := a.open(true)
	if err != nil {
		return err
	}
	defer t.close()
	return f(t.queue)
}

// write opens the file, takes care of what a process that died left running, lets f change
// things, and closes it. The lock proves that no app runs the jobs meanwhile.
func (a *app) write(ctx context.Context, f func(*queue.Queue) error) error {
	t, err := a.open(false)
	if err != nil {
		return err
	}
	defer t.close()
	a.detail("no app holds %s: changing the file itself", a.db)
	r, err := t.queue.Recover(ctx)
	if err != nil {
		return err
	}
	if n := r.Again + r.Convicted + r.Abandoned; n > 0 {
		a.say("note: %s left running by a process that died: %d to run again, %d discarded",
			plural(int64(n), "job"), r.Again, r.Convicted+r.Abandoned)
	}
	if err := f(t.queue); err != nil {
		return err
	}
	return t.close()
}

// target is the file while it is open.
type target struct {
	store *boltstore.Store
	queue *queue.Queue
}

// open opens a file that is there.
func (a *app) open(readOnly bool) (*target, error) {
	if err := a.exists(); err != nil {
		return nil, err
	}
	return a.openFile(readOnly)
}

// openOrCreate opens the file for writing; it may be new.
func (a *app) openOrCreate() (*target, error) {
	if err := a.exists(); err != nil && codeOf(err) != exitNoFile {
		return nil, err
	}
	return a.openFile(false)
}

func (a *app) openFile(readOnly bool) (*target, error) {
	s, err := boltstore.Open(a.db, boltstore.Options{ReadOnly: readOnly, LockTimeout: lockPatience})
	if err != nil {
		return nil, err
	}
	q, err := queue.New(s, queue.Config{})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &target{s, q}, nil
}

// close closes the file. Closing it again does nothing.
func (t *target) close() error {
	err := t.store.Close()
	if errors.Is(err, store.ErrClosed) {
		return nil
	}
	return err
}

// exists refuses a file that is not there: opening it would create it.
func (a *app) exists() error {
	info, err := os.Stat(a.db)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fail(exitNoFile, "give the file of the queue with --db FILE, or set BGQ_DB", "%s: there is no such file", a.db)
	case err != nil:
		return err
	case info.IsDir():
		return fail(exitMismatch, "give the file of the queue with --db FILE, or set BGQ_DB", "%s: it is a directory", a.db)
	}
	return nil
}
