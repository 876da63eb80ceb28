package socket

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// Listener accepts the connections to the socket of a file. It is a [net.Listener], and its
// methods may be called by several goroutines at once.
type Listener struct {
	in   *net.UnixListener
	path string
	mine fs.FileInfo // the socket as it was made

	closing sync.Once
	closed  error
}

var errNoSocket = errors.New("it is no socket")

// Listen makes the socket of a file. The caller holds the lock of the file, and keeps it
// until the listener is closed.
//
// A socket that is there already is replaced: that the lock was to be had proves that its
// maker is gone. Anything else that is there is left alone, and is an error. The
// folder must be writable, and on a file system that has sockets.
func Listen(db string) (*Listener, error) {
	dir, name := locate(db)
	path := filepath.Join(dir, name)
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.Mode().Type() != fs.ModeSocket:
		return nil, failed(path, errNoSocket, "move it away, this is the place of the admin socket")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, cannotListen(path, err)
	}
	in, mine, err := place(dir, name)
	if err != nil {
		return nil, cannotListen(path, err)
	}
	return &Listener{in: in, path: path, mine: mine}, nil
}

func cannotListen(path string, err error) error {
	hint := "without it nobody can look into the file while it is open"
	switch {
	case errors.Is(err, fs.ErrPermission):
		hint = "its folder must be writable, on a file system that has sockets"
	case errors.Is(err, fs.ErrNotExist):
		hint = "create its folder first"
	}
	return failed(path, fmt.Errorf("cannot listen: %w", bare(err)), hint)
}

// Accept waits for the next connection. After Close it returns [net.ErrClosed].
func (l *Listener) Accept() (net.Conn, error) {
	conn, err := l.in.AcceptUnix()
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// Addr returns the address whose name is that of the socket, see [Path]; it may be longer
// than what can be dialed.
func (l *Listener) Addr() net.Addr { return &net.UnixAddr{Net: "unix", Name: l.path} }

// Close ends listening and removes the socket; connections that were accepted stay.
// Call it before the lock of the file is given up. Should it come late, the socket
// of the next holder of the lock is recognised and stays. Closing twice is no error.
func (l *Listener) Close() error {
	l.closing.Do(func() {
		l.closed = errors.Join(l.remove(), l.in.Close())
	})
	return l.closed
}

// remove removes the socket if it is the one that was made here. That is to be done while it
// is open: so long its inode is in use, and no other file can have got the same one.
func (l *Listener) remove() error {
	there, err := os.Lstat(l.path)
	if err != nil || !os.SameFile(there, l.mine) {
		return nil // removed or replaced
	}
	if err := os.Remove(l.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed(l.path, fmt.Errorf("the socket cannot be removed: %w", err), "the next program that opens the file replaces it")
	}
	return nil
}
