package bench

import (
	"os"
	"syscall"
)

// datasync makes what was written durable, as bbolt does.
func datasync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
