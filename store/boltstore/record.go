package boltstore

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// record is what stands under the id of a job: its head, and behind it those of its
// values that are small. Most arguments and results are: with them in the record, a
// job is stored by two puts, and finished without a third table.
type record struct {
	store.Job // without the parts

	// The values inside of the record; nil if they stand apart, or if there are none.
	args, result []byte

	fresh bool // it stands nowhere yet: see handing.go
}

// inlineSize is up to how many bytes a value stands inside of the record. A larger one
// stands apart, so that moving the job does not rewrite it, nor listing read it.
const inlineSize = 256

// inlined tells whether a value stands inside of the record. An empty one does.
func inlined(v store.Value) bool { return v != nil && len(v) <= inlineSize }

// The parts that stand in tables of their own.
func (r *record) argsApart() bool   { return r.args == nil && r.ArgsSize > 0 }
func (r *record) resultApart() bool { return r.result == nil && r.ResultSize > 0 }

// The first byte of a head is the version of its layout. Jobs without a token are most of
// them, and are written as they always were.
const (
	headPlain = 1 + iota // as in format 1
	headToken            // the same, and a token behind the other texts; since format 2
)

// The bits of the flags of a head.
const (
	flagSuspect = 1 << iota
	flagKept
	flagConsumed
	flagArgs   // the arguments are inside
	flagResult // the result is inside
	knownFlags = 1<<iota - 1
)

// encodedSize is about how many bytes encode takes, a little too many for most records.
func (r *record) encodedSize() int {
	const numbers = 96
	n := numbers + len(r.args) + len(r.result)
	n += len(r.Queue) + len(r.Kind) + len(r.Reason) + len(r.Unique) + len(r.Batch) + len(r.Progress.Note) + len(r.Trace) + len(r.Token)
	for _, tag := range r.Tags {
		n += binary.MaxVarintLen16 + len(tag)
	}
	return n
}

// encode appends a record to b: fixed fields, numbers of variable length, texts, then
// the values that are inside, and the checksum.
func (r *record) encode(b []byte) []byte {
	start := len(b)
	flags := bitIf(r.Suspect, flagSuspect) | bitIf(r.Kept, flagKept) | bitIf(r.Consumed, flagConsumed) |
		bitIf(r.args != nil, flagArgs) | bitIf(r.result != nil, flagResult)
	version := byte(headPlain)
	if r.Token != "" {
		version = headToken
	}
	b = append(b, version, byte(r.State), flags, byte(r.UniqueUntil))
	b = binary.BigEndian.AppendUint16(b, uint16(r.Priority))
	for _, t := range [...]time.Time{r.RunAt, r.CreatedAt, r.AttemptedAt, r.FinalisedAt} {
		b = binary.BigEndian.AppendUint64(b, uint64(nanos(t)))
	}
	b = binary.AppendUvarint(b, r.Claim)
	for _, n := range [...]int64{
		int64(r.Attempt), int64(r.MaxAttempts), int64(r.Recoveries), int64(r.MaxRecoveries),
		r.Index, int64(r.Timeout), r.Progress.Done, r.Progress.Total,
		int64(r.ArgsVersion), int64(r.FailureCount), int64(r.ArgsSize), int64(r.ResultSize),
	} {
		b = binary.AppendVarint(b, n)
	}
	for _, s := range [...]string{r.Queue, r.Kind, r.Reason, r.Unique, r.Batch, r.Progress.Note, r.Trace} {
		b = appendText(b, s)
	}
	if version == headToken {
		b = appendText(b, r.Token)
	}
	b = binary.AppendUvarint(b, uint64(len(r.Tags)))
	for _, tag := range r.Tags {
		b = appendText(b, tag)
	}
	b = append(append(b, r.args...), r.result...)
	return binary.BigEndian.AppendUint32(b, checksum(r.ID[:], b[start:]))
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

// decode reads what encode wrote into r. The values inside of it are parts of
// b; it keeps nothing else of it, takes memory in proportion to it, and answers
// any bytes with a record or an error. names may be nil.
func (r *record) decode(id store.ID, b []byte, names map[string]string) error {
	body, ok := unseal(id[:], b)
	if !ok {
		return errChecksum
	}
	d := decoder{rest: body, names: names}
	version := d.byte()
	if version != headPlain && version != headToken {
		return fmt.Errorf("the layout has the unknown version %d", version)
	}
	*r = record{Job: store.Job{ID: id}}
	r.State = store.State(d.byte())
	flags := d.byte()
	r.Suspect, r.Kept, r.Consumed = flags&flagSuspect != 0, flags&flagKept != 0, flags&flagConsumed != 0
	r.UniqueUntil = store.Until(d.byte())
	r.Priority = int16(d.uint16())
	for _, t := range [...]*time.Time{&r.RunAt, &r.CreatedAt, &r.AttemptedAt, &r.FinalisedAt} {
		*t = fromNanos(int64(d.uint64()))
	}
	r.Claim = d.uvarint()
	r.Attempt, r.MaxAttempts = d.int(), d.int()
	r.Recoveries, r.MaxRecoveries = d.int(), d.int()
	r.Index, r.Timeout = d.varint(), time.Duration(d.varint())
	r.Progress.Done, r.Progress.Total = d.varint(), d.varint()
	r.ArgsVersion, r.FailureCount = d.int(), d.int()
	r.ArgsSize, r.ResultSize = d.int(), d.int()
	r.Queue, r.Kind, r.Reason = d.name(), d.name(), d.name()
	r.Unique, r.Batch, r.Progress.Note, r.Trace = d.text(), d.name(), d.text(), d.text()
	if version == headToken {
		r.Token = d.text()
	}
	// Each tag takes a byte at least, so the number of them is bounded by what is left.
	if n := d.uvarint(); n > uint64(len(d.rest)) {
		d.bad = true
	} else if n > 0 {
		r.Tags = make([]string, n)
		for i := range r.Tags {
			r.Tags[i] = d.text()
		}
	}
	if r.FailureCount < 0 || r.ArgsSize < 0 || r.ResultSize < 0 {
		return errLayout
	}
	if flags&flagArgs != 0 {
		r.args = d.take(uint64(r.ArgsSize))
	}
	if flags&flagResult != 0 {
		r.result = d.take(uint64(r.ResultSize))
	}
	if d.bad || len(d.rest) != 0 || !r.State.Valid() || r.UniqueUntil > store.UntilDeleted || flags > knownFlags {
		return errLayout
	}
	return nil
}

// decoder reads a record from the front. After the first mistake it stays bad and
// yields zeros.
type decoder struct {
	rest  []byte
	bad   bool
	names map[string]string // see name
}

func (d *decoder) take(n uint64) []byte {
	if d.bad || n > uint64(len(d.rest)) {
		d.bad = true
		return nil
	}
	b := d.rest[:n:n]
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

// name reads a text that many records share, and keeps one copy of it.
func (d *decoder) name() string {
	b := d.take(d.uvarint())
	if s, ok := d.names[string(b)]; ok || len(b) == 0 {
		return s
	}
	s := string(b)
	if d.names != nil {
		d.names[s] = s
	}
	return s
}
