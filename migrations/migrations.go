package migrations

import (
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// The place of the number. It is the one thing that no step may ever move.
var (
	rootName   = []byte("bgq")
	metaName   = []byte("meta")
	formatName = []byte("format")
)

// steps holds the step from format i to format i+1 at index i.
var steps = [...]func(*bbolt.Tx) error{
	initial,
	audit,
}

// Latest is the format that [Apply] leads to.
const Latest = len(steps)

// NewerError says that a file was written by a newer bgq.
type NewerError struct {
	Found  int // the format of the file
	Latest int // the newest format known here
}

// Error names both formats.
func (e *NewerError) Error() string {
	return fmt.Sprintf("it has format %d, this program knows formats up to %d", e.Found, e.Latest)
}

// ErrDamaged says that the number of the format cannot be read.
var ErrDamaged = errors.New("the number of its format cannot be read")

// Version returns the format of the file, or 0 if there is no queue in it. It
// fails with ErrDamaged.
func Version(tx *bbolt.Tx) (int, error) {
	root := tx.Bucket(rootName)
	if root == nil {
		return 0, nil
	}
	meta := root.Bucket(metaName)
	if meta == nil {
		return 0, ErrDamaged
	}
	b := meta.Get(formatName)
	if len(b) != 4 {
		return 0, ErrDamaged
	}
	v := binary.BigEndian.Uint32(b)
	if v == 0 || v > 1<<30 {
		return 0, ErrDamaged
	}
	return int(v), nil
}

// Apply takes the file to the format Latest, one transaction a step. It does
// nothing to a file that is there already, and fails with a [*NewerError] for one
// that is beyond. An error leaves the file at the last format that was reached.
func Apply(db *bbolt.DB) error {
	for {
		done := false
		err := db.Update(func(tx *bbolt.Tx) error {
			v, err := Version(tx)
			switch {
			case err != nil:
				return err
			case v > Latest:
				return &NewerError{Found: v, Latest: Latest}
			case v == Latest:
				done = true
				return errNothing
			}
			if err := steps[v](tx); err != nil {
				return fmt.Errorf("migrating from format %d to %d: %w", v, v+1, err)
			}
			return setVersion(tx, v+1)
		})
		if done {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// errNothing rolls back the transaction of a file that needs no step.
var errNothing = errors.New("nothing to migrate")

func setVersion(tx *bbolt.Tx, v int) error {
	meta := tx.Bucket(rootName).Bucket(metaName)
	return meta.Put(formatName, binary.BigEndian.AppendUint32(nil, uint32(v)))
}
