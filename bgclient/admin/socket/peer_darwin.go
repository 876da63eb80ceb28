package socket

import "golang.org/x/sys/unix"

func credentials(fd int) (Peer, bool) {
	c, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil || c.Ngroups < 1 {
		return Peer{}, false
	}
	// It fails if the process has ended.
	pid, err := unix.GetsockoptInt(fd, unix.SOL_LOCAL, unix.LOCAL_PEERPID)
	if err != nil {
		pid = 0
	}
	return Peer{UID: int(c.Uid), GID: int(c.Groups[0]), PID: pid}, true
}
