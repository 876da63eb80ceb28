package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// reader reads records inside of a transaction, and checks what it reads.
type reader struct {
	tx      *bbolt.Tx
	open    [tables]*bbolt.Bucket
	cursors [tables]*bbolt.Cursor // see seek
}

// bucket returns the bucket of a table. A missing one is damage; the panic is
// turned into ErrCorrupt by guard, like those of bbolt.
func (r *reader) bucket(t table) *bbolt.Bucket {
	if b := r.open[t]; b != nil {
		return b
	}
	root := r.tx.Bucket(rootName)
	if root == nil {
		panic("the bucket bgq is missing")
	}
	b := root.Bucket([]byte(tableNames[t]))
	if b == nil {
		panic(fmt.Sprintf("the bucket bgq/%s is missing", tableNames[t]))
	}
	if r.tx.Writable() && appended[t] {
		b.FillPercent = 0.9
	}
	r.open[t] = b
	return b
}

// get returns the value of a key, or nil.
func (r *reader) get(t table, key []byte) []byte {
	if _, v, found := r.seek(t, key); found {
		return v
	}
	return nil
}

// seek leads the cursor of a table to a key. It is kept for the next time: bbolt's own
// Get and Delete make a new one for each call, which takes twice as long.
func (r *reader) seek(t table, key []byte) (c *bbolt.Cursor, value []byte, found bool) {
	c = r.cursor(t)
	k, value := c.Seek(key)
	return c, value, bytes.Equal(k, key)
}

// cursor returns the cursor of a table that is kept for seeking.
func (r *reader) cursor(t table) *bbolt.Cursor {
	c := r.cursors[t]
	if c == nil {
		c = r.bucket(t).Cursor()
		r.cursors[t] = c
	}
	return c
}

// record reads the record of a job. It returns nil if there is none. The values inside
// of it are good until the transaction ends.
func (r *reader) record(id store.ID) (*record, error) {
	b := r.get(tableJob, id[:])
	if b == nil {
		return nil, nil
	}
	j := &record{}
	if err := j.decode(id, b, nil); err != nil {
		return nil, damagedJob(id, "head", err)
	}
	return j, nil
}

// parts fills in the parts of a job that are asked for.
func (r *reader) parts(j *record, parts store.Parts) (err error) {
	if parts&store.PartArgs != 0 {
		if j.Args, err = r.arguments(j); err != nil {
			return err
		}
	}
	if parts&store.PartResult != 0 {
		if j.Result, err = r.result(j); err != nil {
			return err
		}
	}
	if parts&store.PartFailures != 0 {
		if err := r.failures(j); err != nil {
			return err
		}
	}
	if parts&store.PartCheckpoints != 0 {
		return r.checkpoints(j)
	}
	return nil
}

// arguments copies the arguments of a job out of the transaction; nil if it has none.
func (r *reader) arguments(j *record) (store.Value, error) {
	if j.argsApart() {
		return r.value(j.ID, tableArgs, "arguments", j.ArgsSize)
	}
	return bytes.Clone(j.args), nil
}

// result copies the result of a job out of the transaction; nil if it has none.
func (r *reader) result(j *record) (store.Value, error) {
	if j.resultApart() {
		return r.value(j.ID, tableResult, "result", j.ResultSize)
	}
	return bytes.Clone(j.result), nil
}

// value copies a value that stands apart. It must have the size that the record says.
func (r *reader) value(id store.ID, t table, what string, size int) (store.Value, error) {
	sealed := r.get(t, id[:])
	if sealed == nil {
		return nil, damagedJob(id, what, errors.New("not there"))
	}
	v, ok := unseal(id[:], sealed)
	if !ok {
		return nil, damagedJob(id, what, errChecksum)
	}
	if len(v) != size {
		return nil, damagedJob(id, what, fmt.Errorf("there are %d bytes, the head says %d", len(v), size))
	}
	return append(store.Value{}, v...), nil
}

func (r *reader) failures(j *record) error {
	j.Failures = nil
	for k, sealed := range r.prefix(tableFailure, j.ID[:]) {
		var f store.Failure
		if err := decodeMsgpack(k, sealed, &f); err != nil {
			return damagedJob(j.ID, "failures", err)
		}
		f.At = f.At.UTC()
		j.Failures = append(j.Failures, f)
	}
	if len(j.Failures) != j.FailureCount {
		return damagedJob(j.ID, "failures", fmt.Errorf("there are %d, the head says %d", len(j.Failures), j.FailureCount))
	}
	return nil
}

func (r *reader) checkpoints(j *record) error {
	j.Checkpoints = nil
	for k, sealed := range r.prefix(tablePoint, j.ID[:]) {
		v, ok := unseal(k, sealed)
		if !ok {
			return damagedJob(j.ID, "checkpoints", errChecksum)
		}
		name := string(k[idLen:])
		j.Checkpoints = append(j.Checkpoints, store.Checkpoint{Name: name, Value: append(store.Value{}, v...)})
	}
	return nil
}

// prefix yields the records whose keys begin with prefix, in order. They must not
// be changed meanwhile.
func (r *reader) prefix(t table, prefix []byte) func(yield func(k, v []byte) bool) {
	return func(yield func(k, v []byte) bool) {
		c := r.bucket(t).Cursor()
		for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
			if !yield(k, v) {
				return
			}
		}
	}
}

// holder returns who holds a unique key.
func (r *reader) holder(unique string) (id store.ID, held bool, err error) {
	sealed := r.get(tableUnique, []byte(unique))
	if sealed == nil {
		return id, false, nil
	}
	id, ok := unsealID([]byte(unique), sealed)
	if !ok {
		return id, false, damaged("the unique key %q: %w", unique, errChecksum)
	}
	return id, true, nil
}

// count reads a counter.
func (r *reader) count(key []byte) (int64, error) {
	sealed := r.get(tableCount, key)
	if sealed == nil {
		return 0, nil
	}
	n, ok := readCount(key, sealed)
	if !ok {
		return 0, damaged("the counter %q: %w", key, errChecksum)
	}
	return n, nil
}

func readCount(key, sealed []byte) (int64, bool) {
	b, ok := unseal(key, sealed)
	if !ok || len(b) != 8 {
		return 0, false
	}
	n := int64(binary.BigEndian.Uint64(b))
	return n, n > 0
}

// damaged makes an error that matches ErrCorrupt.
func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %w", store.ErrCorrupt, fmt.Errorf(format, args...))
}

// damagedJob names the job and the part.
func damagedJob(id store.ID, part string, err error) error {
	return damaged("job %s, %s: %w", id, part, err)
}
