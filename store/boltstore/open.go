package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/bgq-dev/bgq/migrations"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// Options are the settings of [Open]. The zero value is right for most programs.
type Options struct {
	// ReadOnly opens for reading, beside other readers. Everything that writes
	// returns store.ErrReadOnly. A file that does not exist is not created.
	ReadOnly bool
	// LockTimeout is how long to wait for another process to let go of the file. 0
	// means one second.
	LockTimeout time.Duration
	// MaxValue is the most bytes of one value: arguments, a result, a checkpoint. 0
	// means 1 MiB; more than 1 GiB is not possible.
	MaxValue int
	// MaxBatch is the most items of one call. 0 means 10,000.
	MaxBatch int
	// MinFree is the reserve: with fewer bytes free on the disk, new jobs are refused
	// (store.ErrNoSpace), so that those which are there can be finished. 0 means 16
	// MiB, a negative number no reserve.
	MinFree int64
	// Adopt allows to put a queue into a bbolt file that holds only data of the
	// application so far. Without it such a file is refused (store.ErrForeign).
	Adopt bool
}

func (o Options) withDefaults() Options {
	if o.LockTimeout <= 0 {
		o.LockTimeout = time.Second
	}
	if o.MaxValue <= 0 {
		o.MaxValue = 1 << 20
	}
	o.MaxValue = min(o.MaxValue, 1<<30) // bbolt takes no values of 2 GiB
	if o.MaxBatch <= 0 {
		o.MaxBatch = 10_000
	}
	if o.MinFree == 0 {
		o.MinFree = 16 << 20
	}
	return o
}

// Open opens the journal at path, and creates it if it is not there. The file is
// locked until Close: one process writes, or several read.
//
// A file that was not closed well, or that is small, is checked page by page before
// it is used. The check costs a fraction of a second for each GB in use. Errors are of
// type [*store.FileError] and match store.ErrLocked, store.ErrForeign, store.ErrCorrupt,
// store.ErrNewerFormat, with ReadOnly store.ErrOlderFormat, or an error of package fs.
func Open(path string, o Options) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &store.FileError{Path: path, Err: err}
	}
	s := &Store{path: path, abs: abs, opts: o.withDefaults()}
	s.stats.begin()
	if _, err := os.Stat(abs); errors.Is(err, fs.ErrNotExist) {
		if o.ReadOnly {
			return nil, s.fail(fs.ErrNotExist, "there is no queue yet; it is created by the first program that opens it for writing")
		}
		if err := s.create(); err != nil {
			return nil, err
		}
	}
	db, file, clean, err := s.openFile()
	if err != nil {
		return nil, err
	}
	if err := s.settleFormat(db); err != nil {
		db.Close()
		return nil, err
	}
	s.db, s.file, s.written, s.readers = db, file, !clean, new(sync.WaitGroup)
	s.sweep()
	if !o.ReadOnly {
		s.committer = committer{
			touched: map[string]struct{}{},
			wake:    make(chan struct{}, 1),
			done:    make(chan struct{}),
		}
		go s.run()
	}
	return s, nil
}

// initialMap is how much of the address space is reserved for the file, so that it
// has not to be mapped anew while it grows: that has to wait for all readers. On
// Windows the file would grow to this size at once.
func initialMap() int {
	if strconv.IntSize == 64 && runtime.GOOS != "windows" {
		return 1 << 30
	}
	return 0
}

// openFile opens the file through bbolt, having locked and checked it first. clean
// tells whether it is as a clean close leaves it: a list of free pages is stored.
func (s *Store) openFile() (db *bbolt.DB, f *os.File, clean bool, err error) {
	options := &bbolt.Options{
		Timeout:         s.opts.LockTimeout,
		ReadOnly:        s.opts.ReadOnly,
		NoFreelistSync:  true,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: initialMap(),
		OpenFile: func(name string, flag int, mode os.FileMode) (_ *os.File, err error) {
			if f != nil { // by a transaction that copies the file
				return os.OpenFile(name, flag, mode)
			}
			f, clean, err = s.lockAndCheck(name, flag&^os.O_CREATE)
			return f, err
		},
	}
	err = guard(func() (err error) {
		db, err = bbolt.Open(s.abs, 0o600, options)
		return err
	})
	if err != nil {
		if f != nil { // after a panic bbolt has left it open, and mapped
			unlockFile(f)
			f.Close()
		}
		return nil, nil, false, s.openError(err)
	}
	return db, f, clean, nil
}

// openError makes an error of Open a FileError with a hint.
func (s *Store) openError(err error) error {
	if _, done := errors.AsType[*store.FileError](err); done {
		return err
	}
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return s.locked()
	case errors.Is(err, store.ErrCorrupt):
		return s.fail(err, hintUnreadable)
	case errors.Is(err, fs.ErrPermission):
		return s.fail(fs.ErrPermission, "it belongs to another user, or its mode forbids it")
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
		return s.fail(damaged("%w", err), hintUnreadable)
	}
	return s.fail(err, "")
}

// lockAndCheck opens the file, locks it, and reads enough of it to know that bbolt
// can be let at it: bbolt would make a database of an empty file, and can crash the
// whole process on a damaged one.
func (s *Store) lockAndCheck(name string, flag int) (f *os.File, clean bool, err error) {
	for {
		// Looked at before it is opened: opening a pipe could wait for ever.
		if info, err := os.Stat(name); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
			return nil, false, s.fail(fmt.Errorf("%w: it is no regular file", store.ErrForeign), "name a file")
		}
		f, err = os.OpenFile(name, flag, 0)
		if err != nil {
			return nil, false, s.openPathError(name, err)
		}
		clean, err = s.inspect(f)
		switch {
		case err == nil:
			return f, clean, nil
		case err != errReplaced:
			return nil, false, errors.Join(err, f.Close())
		}
		f.Close()
	}
}

// errReplaced says that the path leads to another file than the one that was opened.
var errReplaced = errors.New("the file was replaced")

func (s *Store) inspect(f *os.File) (clean bool, err error) {
	if err := lockFile(f, !s.opts.ReadOnly, s.opts.LockTimeout); err != nil {
		if errors.Is(err, errHeld) {
			err = s.locked()
		}
		return false, err
	}
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	// While we waited for the lock, its holder may have put another file in its place.
	// What is stored in a file without a name is lost.
	there, err := os.Stat(f.Name())
	switch {
	case err != nil:
		return false, s.openPathError(f.Name(), err)
	case !os.SameFile(info, there):
		return false, errReplaced
	}
	clean, err = s.check(f, info.Size())
	if err != nil {
		return false, s.checkError(err, info.Size())
	}
	return clean, nil
}

// fullCheckSize is up to which size a file is always checked page by page.
const fullCheckSize = 64 << 20

// check reads a file as far as it must be read before bbolt sees it. One that was not
// closed well is left as if it had been, if it is open for writing: then it is clean too.
func (s *Store) check(f *os.File, size int64) (clean bool, err error) {
	if size == 0 {
		return false, damaged("the file is empty")
	}
	report, err := pagecheck.ReadMeta(f, size)
	if err != nil || report.Clean && size > fullCheckSize {
		return report.Clean, err
	}
	pages, err := pagecheck.Walk(f, size)
	if err != nil {
		return false, err
	}
	if !pages.Clean && !s.opts.ReadOnly {
		if err := sealFile(f, pages); err != nil {
			return false, err
		}
	}
	return pages.Clean, nil
}

func (s *Store) checkError(err error, size int64) error {
	switch {
	case size == 0:
		return s.fail(err, "restore it from a backup, or remove it to begin with an empty queue")
	case errors.Is(err, pagecheck.ErrNotBolt):
		return s.fail(fmt.Errorf("%w: %w", store.ErrForeign, err), "check the name; the file was left as it is")
	case errors.Is(err, pagecheck.ErrDamaged):
		return s.fail(damaged("%w", err), hintUnreadable)
	}
	return s.fail(err, "")
}

// openPathError explains why a path cannot be opened.
func (s *Store) openPathError(name string, err error) error {
	if info, statErr := os.Stat(name); statErr == nil && info.IsDir() {
		return s.fail(fmt.Errorf("%w: it is a directory", store.ErrForeign), "name a file inside of it")
	}
	if errors.Is(err, fs.ErrPermission) {
		return s.fail(fs.ErrPermission, "it belongs to another user, or its mode forbids it")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return s.fail(err, "it is a link that leads nowhere, or was removed just now")
	}
	return s.fail(err, "")
}

// locked names who holds the file, if that can be found out.
func (s *Store) locked() error {
	err := store.ErrLocked
	if who := lockHolder(s.abs); who != "" {
		err = fmt.Errorf("%w by %s", store.ErrLocked, who)
	}
	return s.fail(err, "stop that program, or talk to the queue through it")
}

// formatOf returns the version of the format of an open file.
func formatOf(tx *bbolt.Tx) (int, error) {
	v, err := migrations.Version(tx)
	if err != nil {
		return 0, damaged("%w", err)
	}
	return v, nil
}

// settleFormat brings an older file to the format of today.
func (s *Store) settleFormat(db *bbolt.DB) error {
	var found int
	err := guard(func() error {
		return db.View(func(tx *bbolt.Tx) (err error) {
			found, err = formatOf(tx)
			return err
		})
	})
	switch {
	case err != nil:
		return s.explain(err)
	case found > migrations.Latest:
		return s.fail(fmt.Errorf("%w: %w", store.ErrNewerFormat, &migrations.NewerError{Found: found, Latest: migrations.Latest}),
			"use the version of bgq that wrote it, or a newer one")
	case found == migrations.Latest:
		return nil
	case found == 0 && !s.opts.Adopt:
		return s.fail(fmt.Errorf("%w: it is a bbolt file without a queue", store.ErrForeign),
			"check the name; an application that keeps a queue beside its own data sets Options.Adopt")
	case s.opts.ReadOnly:
		return s.fail(fmt.Errorf("%w, %d: this program reads format %d", store.ErrOlderFormat, found, migrations.Latest),
			fmt.Sprintf("`bgq migrate --db %s` brings it up to date, and so does any program that opens it for writing", s.path))
	}
	if err := guard(func() error { return migrations.Apply(db) }); err != nil {
		return s.fail(err, "the file is still in its older format and can be used by the version of bgq that wrote it")
	}
	return nil
}
