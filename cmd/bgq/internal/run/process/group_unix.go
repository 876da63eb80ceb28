//go:build unix

package process

import (
	"os"
	"syscall"
)

var errTooLong error = syscall.E2BIG

// group is the process group of a command.
type group struct {
	leader *os.Process
	ended  chan struct{} // closed when the leader has ended
}

// The group may be gone already: then there is nothing to do.

func (g *group) terminate() { _ = syscall.Kill(-g.leader.Pid, syscall.SIGTERM) }
func (g *group) kill()      { _ = syscall.Kill(-g.leader.Pid, syscall.SIGKILL) }

func status(s *os.ProcessState) (code int, signal syscall.Signal) {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return -1, w.Signal()
	}
	return s.ExitCode(), 0
}
