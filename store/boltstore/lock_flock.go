//go:build darwin || dragonfly || freebsd || (linux && !android) || netbsd || openbsd

package boltstore

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// lockFile locks the file as bbolt does, so that it can be checked in peace; when
// bbolt then locks the same descriptor, it has the lock already.
func lockFile(f *os.File, exclusive bool, timeout time.Duration) error {
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	const pause = 20 * time.Millisecond
	for start := time.Now(); ; time.Sleep(pause) {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return err
		case time.Since(start)+pause > timeout:
			return errHeld
		}
	}
}

// unlockFile lets go of the lock. Closing the file is not enough while it is mapped.
func unlockFile(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
