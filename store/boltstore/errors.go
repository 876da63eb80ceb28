package boltstore

import (
	"errors"

	"github.com/bgq-dev/bgq/store"
)

const (
	// hintDamaged is for a file that can be opened, hintUnreadable for one that cannot.
	hintDamaged    = "`bgq verify` shows what is damaged; " + hintUnreadable
	hintUnreadable = "`bgq repair` saves what can be read; or put a copy from before in its place"
)

// fail makes an error about the file.
func (s *Store) fail(err error, hint string) error {
	return &store.FileError{Path: s.path, Err: err, Hint: hint}
}

// explain adds the file and what to do next to an error about damage. Others name
// what they are about by themselves.
func (s *Store) explain(err error) error {
	if _, done := errors.AsType[*store.FileError](err); done || !errors.Is(err, store.ErrCorrupt) {
		return err
	}
	return s.fail(err, hintDamaged)
}
