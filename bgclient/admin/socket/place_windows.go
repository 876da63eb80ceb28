package socket

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

const errRefused = windows.WSAECONNREFUSED

// place listens on a new socket at name in dir, in the place of an old one. Who may
// connect is what the folder hands down to its files: there is no mode that could be set.
func place(dir, name string) (in *net.UnixListener, mine fs.FileInfo, err error) {
	err = reach(dir, name, func(path string) error {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		in, err = net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	in.SetUnlinkOnClose(false)
	mine, err = os.Lstat(filepath.Join(dir, name))
	if err != nil {
		return nil, nil, errors.Join(err, in.Close())
	}
	// What identifies the file is read when it is first compared, which must be now.
	os.SameFile(mine, mine)
	return in, mine, nil
}

// reachFar gives up: there is no way around the limit.
func reachFar(string, string, func(string) error) error { return errTooLong }

// owner is not known: here users have no numbers.
func owner(fs.FileInfo) (uid int, ok bool) { return 0, false }
