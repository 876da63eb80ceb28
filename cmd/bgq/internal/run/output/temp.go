package output

import (
	"errors"
	"os"
	"runtime"
)

// tempFile returns a file that goes away with the process. Where a file can be used
// after it was removed its name is gone at once.
func tempFile() (*os.File, error) {
	f, err := os.CreateTemp("", "bgq-output-*")
	if err != nil || runtime.GOOS == "windows" {
		return f, err
	}
	return f, os.Remove(f.Name())
}

// discard closes a file of tempFile.
func discard(f *os.File) error {
	err := f.Close()
	if runtime.GOOS == "windows" {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
