//go:build unix

package main

import (
	"errors"
	"os"
)

// syncDir makes a name durable that was given to a file in this folder.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
