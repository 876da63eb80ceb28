//go:build unix

package socket

import (
	"fmt"
	"os"
	"path/filepath"
)

// throughLink is reach for systems that have no path for an open folder: it makes a short
// one, a symbolic link in a temporary folder that nobody else can enter.
func throughLink(dir, name string, do func(path string) error) error {
	for _, temp := range []string{os.TempDir(), "/tmp"} {
		private, err := os.MkdirTemp(temp, "bgq")
		if err != nil {
			return fmt.Errorf("%w, and a shorter one cannot be made: %v", errTooLong, err)
		}
		link := filepath.Join(private, "d")
		path := filepath.Join(link, name)
		if len(path) > maxAddress {
			os.Remove(private)
			continue
		}
		defer os.Remove(private)
		if err := os.Symlink(dir, link); err != nil {
			return fmt.Errorf("%w, and a shorter one cannot be made: %v", errTooLong, err)
		}
		defer os.Remove(link)
		return do(path)
	}
	return errTooLong
}
