package socket

import (
	"context"
	"net"
	"os/user"
	"strconv"
	"syscall"
)

// Peer is the process at the other end of a connection, as the operating system knows it:
// it cannot be forged. Numbers are those of this process's namespaces.
type Peer struct {
	UID int
	GID int
	// PID is that of the process which connected, 0 if it is not visible from here. It may
	// have ended since.
	PID int
}

// PeerOf returns the process at the other end of a connection to a unix socket. ok is false
// for other connections, and where the system does not tell: it does on Linux and macOS.
func PeerOf(c net.Conn) (p Peer, ok bool) {
	if _, unix := c.(*net.UnixConn); !unix {
		return Peer{}, false
	}
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return Peer{}, false
	}
	if err := raw.Control(func(fd uintptr) { p, ok = credentials(int(fd)) }); err != nil {
		return Peer{}, false
	}
	return p, ok
}

type peerKey struct{}

// ConnContext puts the [Peer] of a connection into the context of its requests. It is meant
// for the field of that name of [net/http.Server].
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if p, ok := PeerOf(c); ok {
		return context.WithValue(ctx, peerKey{}, p)
	}
	return ctx
}

// PeerFrom returns what ConnContext put into the context.
func PeerFrom(ctx context.Context) (Peer, bool) {
	p, ok := ctx.Value(peerKey{}).(Peer)
	return p, ok
}

// Username returns the name of a user of this machine, or "uid 1000" if there is none with
// that number.
func Username(uid int) string {
	number := strconv.Itoa(uid)
	if u, err := user.LookupId(number); err == nil && u.Username != "" {
		return u.Username
	}
	return "uid " + number
}
