package socket

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// What Dial says when there is nobody to talk to. Match them with errors.Is.
var (
	// ErrNone: the file has no socket. No program has it open, or one that serves none.
	ErrNone = errors.New("no admin socket")
	// ErrStale: the file has a socket, and nobody listens. The program that made it
	// was killed.
	ErrStale = errors.New("nobody listens on the admin socket")
)

func failed(path string, err error, hint string) error {
	return fmt.Errorf("%s: %w: %s", path, err, hint)
}

// bare takes away the path that reach has made up.
func bare(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// explain says why a socket could not be connected to.
func explain(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return none(path)
	case errors.Is(err, errTooLong):
		return failed(path, fmt.Errorf("%w: %w", ErrNone, err), "give the file a shorter one")
	}
	// Systems differ in what connecting to something else than a socket is called.
	info, statErr := os.Lstat(path)
	switch {
	case errors.Is(statErr, fs.ErrNotExist):
		return none(path)
	case statErr == nil && info.Mode().Type() != fs.ModeSocket:
		return failed(path, fmt.Errorf("%w: %w", ErrNone, errNoSocket), "move it away, this is the place of the admin socket")
	case errors.Is(err, fs.ErrPermission):
		return failed(path, fs.ErrPermission, whoMay(info, statErr))
	case errors.Is(err, errRefused):
		return failed(path, ErrStale, "the program that made it was killed; the next one that opens the file replaces it")
	}
	return failed(path, fmt.Errorf("cannot connect: %w", bare(err)), "the program that made it may still run")
}

func none(path string) error {
	return failed(path, ErrNone, "no program has the file open, or it serves none")
}

// whoMay is the hint for those who are not permitted to connect.
func whoMay(info fs.FileInfo, err error) string {
	if err != nil {
		return "you may not enter its folder"
	}
	if uid, ok := owner(info); ok {
		return fmt.Sprintf("it belongs to %s: only that user and root may connect", Username(uid))
	}
	return "it belongs to another user"
}
