//go:build darwin || freebsd || linux

package boltstore

import "syscall"

// freeSpace returns how many bytes the disk of the file has left for this user.
func freeSpace(path string) (int64, bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(path, &st); err != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true
}
