//go:build unix

package boltstore

import (
	"os"
	"syscall"
)

// sameDisk tells whether two files are on the same file system. If it is not known, they are.
func sameDisk(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return true
	}
	two, err := os.Stat(b)
	if err != nil {
		return true
	}
	x, ok := one.Sys().(*syscall.Stat_t)
	y, also := two.Sys().(*syscall.Stat_t)
	return !ok || !also || x.Dev == y.Dev
}
