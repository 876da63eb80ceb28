//go:build !linux

package bench

import "os"

// datasync makes what was written durable, as bbolt does.
func datasync(f *os.File) error { return f.Sync() }
