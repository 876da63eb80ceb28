//go:build !(darwin || dragonfly || freebsd || (linux && !android) || netbsd)

package boltstore

import (
	"os"

	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// sealFile leaves the file as it is. Either it is not locked yet (see lockFile), or not as
// bbolt locks it, or the system may show bbolt an older state of what was written just before it is mapped.
func sealFile(*os.File, *pagecheck.Pages) error { return nil }
