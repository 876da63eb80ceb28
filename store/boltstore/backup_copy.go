package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

const (
	// copyTries is how often Copy begins, when the file changes under it.
	copyTries = 3
	copyChunk = 1 << 20
)

// Copy writes a copy of the file from, which no program has open for writing, to the path to.
// It holds the lock of the file for a moment only, and so never keeps a program from starting.
// If one takes the file meanwhile, and stores something in it, Copy begins anew, and in
// the end fails with store.ErrLocked: then the program must be asked, see [Store.Backup].
//
// The pages of the copy are checked before it gets its name: where they do not hold together the error
// matches store.ErrCorrupt. Records are copied as they are. Space that nothing uses is copied
// too, up to the end of the pages in use. What is said at Backup about the path holds here too. progress,
// unless nil, is told of the bytes that were copied and of their total, after each MiB.
func Copy(ctx context.Context, from, to string, progress func(done, total int64)) (Backup, error) {
	s, err := newSource(from, Options{})
	if err != nil {
		return Backup{}, err
	}
	began := time.Now()
	d, err := newDraft(to)
	if err != nil {
		return Backup{}, err
	}
	c := &byteCopy{ctx: ctx, s: s, draft: d, progress: progress}
	if err = c.run(); err == nil {
		err = d.publish(d.file.Close)
	}
	if err != nil {
		d.discard(d.file.Close)
		return Backup{}, err
	}
	c.done.Took = time.Since(began)
	return c.done, nil
}

// byteCopy is one run of Copy.
type byteCopy struct {
	ctx      context.Context
	s        *Store
	draft    *draft
	progress func(done, total int64)
	done     Backup
}

// errMoved says that something was committed meanwhile.
var errMoved = errors.New("the file was changed while it was copied")

func (c *byteCopy) run() error {
	for range copyTries {
		err := c.try()
		if err == nil {
			return c.check()
		}
		if err != errMoved {
			return err
		}
	}
	return c.s.fail(fmt.Errorf("%w: %w, %d times", store.ErrLocked, errMoved, copyTries),
		"a program works on it: have that one make the backup")
}

// try copies the file, or returns errMoved.
//
// The lock is not needed for that. A commit writes to pages that the newest meta page does not
// lead to, and then the other meta page, with a higher number. So as long as the newest meta
// page is the same, all that it leads to is as it was.
func (c *byteCopy) try() error {
	f, err := c.s.openSource()
	if err != nil {
		return err
	}
	defer f.Close()
	before, err := readMetas(f)
	unlockFile(f)
	switch {
	case err != nil && before.size == 0:
		return c.s.checkError(damaged("the file is empty"), 0)
	case err != nil:
		return c.s.checkError(err, before.size)
	}
	if err := c.copy(f, int64(before.Pages)*int64(before.PageSize)); err != nil {
		return err
	}
	after, err := readMetas(f)
	if err != nil || after.Report != before.Report || c.s.stillThere(f) != nil {
		return errMoved
	}
	return nil
}

// metas is what the meta pages of a file say.
type metas struct {
	pagecheck.Report
	size int64
}

func readMetas(f *os.File) (m metas, err error) {
	info, err := f.Stat()
	if err != nil {
		return m, err
	}
	m.size = info.Size()
	m.Report, err = pagecheck.ReadMeta(f, m.size)
	return m, err
}

// copy writes the first bytes of the file into the draft.
func (c *byteCopy) copy(f *os.File, total int64) error {
	if err := c.draft.file.Truncate(0); err != nil {
		return c.failed("written", err)
	}
	buf := make([]byte, min(copyChunk, total))
	for at := int64(0); at < total; {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(int64(len(buf)), total-at)]
		if _, err := f.ReadAt(b, at); err != nil {
			return c.s.fail(fmt.Errorf("it cannot be read at byte %d: %w", at, bare(err)), "look after the disk; "+hintSalvage)
		}
		if _, err := c.draft.file.WriteAt(b, at); err != nil {
			return c.failed("written", err)
		}
		at += int64(len(b))
		if c.progress != nil {
			c.progress(at, total)
		}
	}
	return nil
}

const hintSalvage = "`bgq repair` saves what can be read"

func (c *byteCopy) failed(what string, err error) error {
	return c.draft.fail(fmt.Errorf("it cannot be %s: %w", what, bare(err)), "look after the disk, then try again")
}

// check refuses a copy that could not be opened, and makes it a file that was closed well.
func (c *byteCopy) check() error {
	f := c.draft.file
	info, err := f.Stat()
	if err != nil {
		return c.failed("read", err)
	}
	var pages *pagecheck.Pages
	var format []byte
	err = guard(func() (err error) {
		if pages, err = pagecheck.Walk(f, info.Size()); err == nil {
			format, err = pages.Value("bgq", "meta", "format")
		}
		return err
	})
	switch {
	case errors.Is(err, pagecheck.ErrDamaged):
		return c.s.fail(damaged("%w", err), hintSalvage)
	case err != nil:
		return c.failed("checked", err)
	case format == nil:
		return c.s.fail(fmt.Errorf("%w: it is a bbolt file without a queue", store.ErrForeign), "check the name")
	}
	if !pages.Clean {
		if err := sealFile(f, pages); err != nil {
			return c.failed("synced", err)
		}
	}
	if info, err = f.Stat(); err != nil {
		return c.failed("read", err)
	}
	c.done.Size, c.done.Jobs = info.Size(), countJobs(f, info.Size())
	return c.ctx.Err()
}
