package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"syscall"
	"time"
)

// Dial connects to the program that has a file open, through its socket. It takes well under
// a millisecond, whether it succeeds or not, unless that program has more connections
// waiting than the system allows: then Dial waits with them until ctx ends.
//
// Its errors match [ErrNone], [ErrStale] or [io/fs.ErrPermission], the error of ctx, or none
// of them. After the first two nobody serves the file, which may be open
// nevertheless: only opening it can tell. A program that is just starting or ending
// looks like that too.
func Dial(ctx context.Context, db string) (net.Conn, error) {
	dir, name := locate(db)
	var conn net.Conn
	err := reach(dir, name, func(path string) (err error) {
		conn, err = connect(ctx, path)
		return err
	})
	if err == nil {
		return conn, nil
	}
	path := filepath.Join(dir, name)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: not connected: %w", path, ctx.Err())
	}
	return nil, explain(path, err)
}

// connect connects to a path that fits into an address. Linux says EAGAIN while as many
// connections as may do so wait to be accepted.
func connect(ctx context.Context, path string) (net.Conn, error) {
	const longest = 50 * time.Millisecond
	var dialer net.Dialer
	for pause := time.Millisecond; ; pause = min(2*pause, longest) {
		conn, err := dialer.DialContext(ctx, "unix", path)
		if !errors.Is(err, syscall.EAGAIN) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}
