package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/bgq-dev/bgq/store"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sumLen = 4

// seal ends a record with a checksum over its key and itself: the pages of bbolt
// carry none. With the key in it, a record that turns up in the wrong place is
// found out too.
func seal(key, record []byte) []byte {
	return binary.BigEndian.AppendUint32(record, checksum(key, record))
}

// unseal returns the record without its checksum, or false if it does not fit.
func unseal(key, sealed []byte) ([]byte, bool) {
	n := len(sealed) - sumLen
	if n < 0 {
		return nil, false
	}
	return sealed[:n:n], binary.BigEndian.Uint32(sealed[n:]) == checksum(key, sealed[:n])
}

func checksum(key, record []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, record)
}

// sealValue makes a sealed copy of a value.
func sealValue(key []byte, v store.Value) []byte {
	return seal(key, append(make([]byte, 0, len(v)+sumLen), v...))
}

// headVersion is the first byte of a head. A second layout gets a second number.
const headVersion = 1

// The bits of the flags of a head.
const (
	flagSuspect = 1 << iota
	flagKept
	flagConsumed
	knownFlags = 1<<iota - 1
)

// encodeHead writes the head of a job: fixed fields, then numbers of variable
// length, then texts.
func encodeHead(j *store.Job) []byte {
	b := make([]byte, 0, 128+len(j.Queue)+len(j.Kind)+len(j.Unique)+len(j.Batch)+len(j.Progress.Note)+len(j.Trace))
	flags := bitIf(j.Suspect, flagSuspect) | bitIf(j.Kept, flagKept) | bitIf(j.Consumed, flagConsumed)
	b = append(b, headVersion, byte(j.State), flags, byte(j.UniqueUntil))
	b = binary.BigEndian.AppendUint16(b, uint16(j.Priority))
	for _, t := range []time.Time{j.RunAt, j.CreatedAt, j.AttemptedAt, j.FinalisedAt} {
		b = binary.BigEndian.AppendUint64(b, uint64(nanos(t)))
	}
	b = binary.AppendUvarint(b, j.Claim)
	for _, n := range []int64{
		int64(j.Attempt), int64(j.MaxAttempts), int64(j.Recoveries), int64(j.MaxRecoveries),
		j.Index, int64(j.Timeout), j.Progress.Done, j.Progress.Total,
		int64(j.ArgsVersion), int64(j.FailureCount), int64(j.ArgsSize), int64(j.ResultSize),
	} {
		b = binary.AppendVarint(b, n)
	}
	for _, s := range []string{j.Queue, j.Kind, j.Reason, j.Unique, j.Batch, j.Progress.Note, j.Trace} {
		b = appendText(b, s)
	}
	b = binary.AppendUvarint(b, uint64(len(j.Tags)))
	for _, tag := range j.Tags {
		b = appendText(b, tag)
	}
	return seal(j.ID[:], b)
}

func bitIf(on bool, bit byte) byte {
	if on {
		return bit
	}
	return 0
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var (
	errChecksum = errors.New("the checksum does not fit")
	errLayout   = errors.New("the layout is wrong")
)

// decodeHead reads what encodeHead wrote. It keeps nothing of b, takes memory in
// proportion to it, and answers any bytes with a job or an error.
func decodeHead(id store.ID, b []byte) (store.Job, error) {
	body, ok := unseal(id[:], b)
	if !ok {
		return store.Job{}, errChecksum
	}
	d := decoder{rest: body}
	if v := d.byte(); v != headVersion {
		return store.Job{}, fmt.Errorf("the layout has the unknown version %d", v)
	}
	j := store.Job{ID: id}
	j.State = store.State(d.byte())
	flags := d.byte()
	j.Suspect, j.Kept, j.Consumed = flags&flagSuspect != 0, flags&flagKept != 0, flags&flagConsumed != 0
	j.UniqueUntil = store.Until(d.byte())
	j.Priority = int16(d.uint16())
	for _, t := range []*time.Time{&j.RunAt, &j.CreatedAt, &j.AttemptedAt, &j.FinalisedAt} {
		*t = fromNanos(int64(d.uint64()))
	}
	j.Claim = d.uvarint()
	j.Attempt, j.MaxAttempts = d.int(), d.int()
	j.Recoveries, j.MaxRecoveries = d.int(), d.int()
	j.Index, j.Timeout = d.varint(), time.Duration(d.varint())
	j.Progress.Done, j.Progress.Total = d.varint(), d.varint()
	j.ArgsVersion, j.FailureCount = d.int(), d.int()
	j.ArgsSize, j.ResultSize = d.int(), d.int()
	for _, s := range []*string{&j.Queue, &j.Kind, &j.Reason, &j.Unique, &j.Batch, &j.Progress.Note, &j.Trace} {
		*s = d.text()
	}
	// Each tag takes a byte at least, so the number of them is bounded by what is left.
	if n := d.uvarint(); n > uint64(len(d.rest)) {
		d.bad = true
	} else if n > 0 {
		j.Tags = make([]string, n)
		for i := range j.Tags {
			j.Tags[i] = d.text()
		}
	}
	if d.bad || len(d.rest) != 0 || !j.State.Valid() || j.UniqueUntil > store.UntilDeleted || flags > knownFlags ||
		j.FailureCount < 0 || j.ArgsSize < 0 || j.ResultSize < 0 {
		return store.Job{}, errLayout
	}
	return j, nil
}

// decoder reads a head from the front. After the first mistake it stays bad and
// yields zeros.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) take(n uint64) []byte {
	if d.bad || n > uint64(len(d.rest)) {
		d.bad = true
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint16() uint16 {
	if b := d.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.take(uint64(n))
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.take(uint64(n))
	return v
}

func (d *decoder) int() int {
	v := d.varint()
	if v < math.MinInt || v > math.MaxInt {
		d.bad = true
	}
	return int(v)
}

func (d *decoder) text() string { return string(d.take(d.uvarint())) }

// encodeMsgpack writes a record that is read rarely, and sealed.
func encodeMsgpack(key []byte, v any) ([]byte, error) {
	body, err := marshal(v)
	if err != nil {
		return nil, err
	}
	return seal(key, body), nil
}

func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := msgpack.NewEncoder(&buf)
	enc.UseCompactInts(true)
	err := enc.Encode(v)
	return buf.Bytes(), err
}

// encodeFailure writes a failure before the number is known under which it will stand:
// it is not sealed yet. It returns nil for none.
func encodeFailure(f *store.Failure) ([]byte, error) {
	if f == nil {
		return nil, nil
	}
	return marshal(f)
}

// decodeMsgpack reads what encodeMsgpack wrote. Nothing is decoded before its
// lengths were checked.
func decodeMsgpack(key, sealed []byte, v any) error {
	body, ok := unseal(key, sealed)
	if !ok {
		return errChecksum
	}
	if err := store.Value(body).Check(); err != nil {
		return err
	}
	return msgpack.Unmarshal(body, v)
}
