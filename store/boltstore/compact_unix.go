//go:build darwin || dragonfly || freebsd || (linux && !android) || netbsd || openbsd

package boltstore

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// canReplace tells whether a file can be replaced while it is open: where the lock of the
// new one can be had before it takes its place, see lockFile.
const canReplace = true

// createAs creates a file that is known under another name, which it will have later.
func createAs(path, name string) (*os.File, error) {
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_CREAT|syscall.O_EXCL|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, &fs.PathError{Op: "create", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// makeLike gives a file the owner and the mode of another.
func makeLike(f *os.File, other fs.FileInfo) error {
	mine, err := f.Stat()
	if err != nil {
		return err
	}
	is, ok1 := mine.Sys().(*syscall.Stat_t)
	want, ok2 := other.Sys().(*syscall.Stat_t)
	if ok1 && ok2 && (is.Uid != want.Uid || is.Gid != want.Gid) {
		if err := f.Chown(int(want.Uid), int(want.Gid)); err != nil {
			return fmt.Errorf("it cannot get the owner of the old file: %w", bare(err))
		}
	}
	return f.Chmod(other.Mode().Perm())
}

// names returns how many names a file has.
func names(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}
