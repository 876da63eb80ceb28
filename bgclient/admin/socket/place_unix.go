//go:build unix

package socket

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

const errRefused = syscall.ECONNREFUSED

// place listens on a new socket at name in dir, in the place of an old one. A socket
// is made with the rights that the umask leaves, which belongs to the whole process. So it is
// made in a folder that nobody else can enter, and comes to its place complete.
func place(dir, name string) (*net.UnixListener, fs.FileInfo, error) {
	private := privateFolder(dir, name)
	in, mine, err := prepare(private)
	if err != nil {
		return nil, nil, err
	}
	if err := os.Rename(filepath.Join(private, unplaced), filepath.Join(dir, name)); err != nil {
		return nil, nil, errors.Join(err, in.Close(), discard(private))
	}
	if err := discard(private); err != nil {
		return nil, nil, errors.Join(err, in.Close())
	}
	return in, mine, nil
}

// unplaced is the name of a socket that has not come to its place yet.
const unplaced = "s"

// privateFolder names the folder in which the socket is made. It is always the same:
// the lock keeps others away from it, and one that a crash left behind is found.
func privateFolder(dir, name string) string { return filepath.Join(dir, "."+name+".new") }

// prepare makes the folder, and in it a socket that is complete.
func prepare(private string) (in *net.UnixListener, mine fs.FileInfo, err error) {
	if err := discard(private); err != nil {
		return nil, nil, err
	}
	if err := os.Mkdir(private, 0o700); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err == nil {
			return
		}
		if in != nil {
			in.Close()
		}
		err = errors.Join(err, discard(private))
	}()
	if err = os.Chmod(private, 0o700); err != nil { // the umask may have left us less
		return nil, nil, err
	}
	err = reach(private, unplaced, func(path string) (err error) {
		in, err = net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	in.SetUnlinkOnClose(false) // it would remove whatever has the name then
	path := filepath.Join(private, unplaced)
	if err = os.Chmod(path, 0o600); err != nil {
		return nil, nil, err
	}
	mine, err = os.Lstat(path)
	return in, mine, err
}

// discard removes the folder with what prepare puts into it, and nothing else.
func discard(private string) error {
	for _, path := range []string{filepath.Join(private, unplaced), private} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// owner returns the user a file belongs to.
func owner(info fs.FileInfo) (uid int, ok bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}
