package process

import (
	"os"
	"syscall"
)

// errTooLong is ERROR_FILENAME_EXCED_RANGE, what CreateProcess answers to a command line above 32 KiB.
var errTooLong error = syscall.Errno(206)

// group stands for the one process: Windows has no process groups of this kind, so what
// a command has started goes on when it is ended.
type group struct {
	leader *os.Process
	ended  chan struct{}
}

func attributes() *syscall.SysProcAttr { return nil }

// There is no way to ask, so terminate kills.

func (g *group) terminate() { _ = g.leader.Kill() }
func (g *group) kill()      { _ = g.leader.Kill() }

func status(s *os.ProcessState) (code int, signal syscall.Signal) { return s.ExitCode(), 0 }
