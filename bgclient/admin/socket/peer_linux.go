package socket

import "golang.org/x/sys/unix"

func credentials(fd int) (Peer, bool) {
	c, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return Peer{}, false
	}
	return Peer{UID: int(c.Uid), GID: int(c.Gid), PID: int(c.Pid)}, true
}
