//go:build darwin || dragonfly || freebsd || (linux && !android) || netbsd

package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"

	"github.com/bgq-dev/bgq/migrations"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// sealFile stores the list of free pages in a file that was not closed well. bbolt would
// walk all pages once more to make that list, and hold a map of them while it does; but
// they have just been walked.
//
// Only a file with a queue of today's format is written to: any other may yet be refused,
// and has to be left as it is. If it cannot be written, bbolt finds no list, and makes it.
// But a sync that fails is told only once, and not to bbolt: it is an error. The caller
// holds the lock of the file.
func sealFile(f *os.File, pages *pagecheck.Pages) error {
	format, err := pages.Value("bgq", "meta", "format")
	if err != nil || !bytes.Equal(format, binary.BigEndian.AppendUint32(nil, uint32(migrations.Latest))) {
		return nil
	}
	if err := pages.Seal(f); errors.Is(err, pagecheck.ErrSync) {
		return err
	}
	return nil
}
