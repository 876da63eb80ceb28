//go:build !(darwin || dragonfly || freebsd || (linux && !android) || netbsd || openbsd)

package boltstore

import (
	"os"
	"time"
)

// lockFile leaves locking to bbolt. Here the file is checked before it is locked, so
// that opening a file which is in use may call it damaged instead of locked.
func lockFile(*os.File, bool, time.Duration) error { return nil }

// unlockFile leaves it to closing the file.
func unlockFile(*os.File) {}
