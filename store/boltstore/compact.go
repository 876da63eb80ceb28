package boltstore

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Compacted is what [Store.Compact] did.
type Compacted struct {
	Before, After int64         // the size of the file, in bytes
	Took          time.Duration // all of it
	Pause         time.Duration // for so long nothing could be written
}

// Compact gives space back: it writes what the file holds into a new one, which then
// takes its place. The store stays in use meanwhile. Writing stops only at the end, for
// what has changed since it was last looked at; reading never does.
//
// Buckets of the application are compared with their copy during that stop, if
// [Store.Update] has stored anything since the copy was made, be it only jobs: the more
// they hold, the longer it is (about half a second for a million small items). Compact must not be called inside of Update.
//
// Records are copied as they are, also those whose checksum is wrong. Pages that cannot
// be read end it with store.ErrCorrupt. What is lost already, and nobody has noticed yet, cannot
// be searched for in the old file afterwards, so call [Store.Verify] first if in doubt.
//
// A crash at any moment leaves either the old file or the new one, whole, under its
// name. After an error, or when ctx ends, everything is as before. The new file needs
// space on the disk beside the old one; it gets the owner and the mode of the old one,
// but no attributes beyond these.
//
// Who waits for the file meanwhile with plain bbolt, not with this package, gets the old one,
// which has no name any more: what it stores is lost.
//
// It fails with an error that matches errors.ErrUnsupported where a file that is open
// cannot be replaced (Windows), and if the file has other names (hard links), which would keep
// what is old. One compaction or backup runs at a time.
func (s *Store) Compact(ctx context.Context) (Compacted, error) {
	if s.opts.ReadOnly {
		return Compacted{}, s.fail(store.ErrReadOnly, "open it without ReadOnly to compact it")
	}
	if s.isClosed() {
		return Compacted{}, s.fail(store.ErrClosed, "")
	}
	if !s.compacting.TryLock() {
		return Compacted{}, s.busyCopying()
	}
	defer s.compacting.Unlock()
	began := time.Now()
	c, err := s.newCompaction(ctx)
	if err != nil {
		return Compacted{}, s.explain(err)
	}
	pause, err := c.run()
	if err != nil {
		c.discard()
		return Compacted{}, s.explain(err)
	}
	done := Compacted{Before: c.old.Size(), Pause: pause, Took: time.Since(began)}
	if info, err := os.Stat(s.abs); err == nil {
		done.After = info.Size()
	}
	return done, nil
}

// run does all the steps. After an error the store uses its old file, or is broken.
func (c *compaction) run() (pause time.Duration, err error) {
	if err := c.follow(); err != nil {
		return 0, err
	}
	return c.swap()
}

// busyCopying is the error while Compact or Backup runs already.
func (s *Store) busyCopying() error {
	return s.fail(errors.New("it is being compacted or backed up already"), "wait until that has ended")
}

// isClosed tells whether Close was called.
func (s *Store) isClosed() bool {
	s.state.Lock()
	defer s.state.Unlock()
	return s.closed
}
