//go:build !(darwin || dragonfly || freebsd || (linux && !android) || netbsd || openbsd)

package boltstore

import (
	"errors"
	"io/fs"
	"os"
)

// canReplace tells whether a file can be replaced while it is open. Elsewhere this has not
// been made to work, so that there is nothing to create.
const canReplace = false

func createAs(string, string) (*os.File, error) { return nil, errors.ErrUnsupported }
func makeLike(*os.File, fs.FileInfo) error      { return errors.ErrUnsupported }
func names(fs.FileInfo) uint64                  { return 1 }
