package socket

import (
	"errors"
	"path/filepath"
	"syscall"
)

// maxAddress is the most bytes of a path in the address of a socket; a zero ends it.
const maxAddress = len(syscall.RawSockaddrUnix{}.Path) - 1

// errTooLong says that there is no address for a socket.
var errTooLong = errors.New("its path is longer than the address of a socket can be")

// reach calls do with a path to name in dir that fits into the address of a socket. The
// path is good only until do returns. name has at most maxName bytes.
func reach(dir, name string, do func(path string) error) error {
	if path := filepath.Join(dir, name); len(path) <= maxAddress {
		return do(path)
	}
	return reachFar(dir, name, do)
}
