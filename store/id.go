package store

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/oklog/ulid/v2"
)

// ID names a job for ever. It is a ULID: 48 bits of milliseconds, then 80 random
// bits, so that ids sort by the time of their creation, in bytes as in text.
//
// The ids of the members of a batch are derived instead of drawn, see [ID.Member].
type ID [16]byte

// NewID draws an id. Ids drawn by one process ascend strictly, whatever the clock
// does: those of one millisecond count up from the first of it, which is random.
func NewID() ID {
	drawn.Lock()
	defer drawn.Unlock()
	// The clock is read under the lock: two readers could otherwise overtake each other.
	now := ulid.Now()
	if now <= ulid.ULID(drawn.last).Time() { // the random bits are those of the last one: see ULID, monotonicity
		drawn.last = drawn.last.next()
	} else {
		drawn.last = ID(ulid.MustNew(now, rand.Reader))
	}
	return drawn.last
}

// drawn holds the last id of NewID.
var drawn struct {
	sync.Mutex
	last ID
}

// next returns the id plus one.
func (id ID) next() ID {
	for i := len(id) - 1; i >= 0; i-- {
		id[i]++
		if id[i] != 0 {
			break
		}
	}
	return id
}

// NewBatchID draws the base of a batch: an id whose last seven bytes are zero,
// which leaves room for 2^56 members. Its random bits are drawn afresh: ids of NewID
// from one millisecond differ only in bits that are zero here.
func NewBatchID() ID {
	id := ID(ulid.MustNew(ulid.Now(), rand.Reader))
	clear(id[memberOffset:])
	return id
}

// memberOffset is where the index of a member begins: behind the milliseconds (6
// bytes) and 24 random bits.
const memberOffset = 9

// MaxMember is the largest index that a member of a batch can have.
const MaxMember = 1<<56 - 1

// Member returns the id of the member with the given index (0 to [MaxMember]) of
// the batch with base id. Members sort by their index, which is what makes the
// results of a batch one contiguous range of keys.
func (id ID) Member(index int64) ID {
	var tail [8]byte
	binary.BigEndian.PutUint64(tail[:], uint64(index))
	copy(id[memberOffset:], tail[1:])
	return id
}

// MemberIndex returns the index that [ID.Member] put into id.
func (id ID) MemberIndex() int64 {
	var tail [8]byte
	copy(tail[1:], id[memberOffset:])
	return int64(binary.BigEndian.Uint64(tail[:]))
}

// ParseID reads the 26 characters that [ID.String] writes, in either case.
func ParseID(s string) (ID, error) {
	u, err := ulid.ParseStrict(s)
	if err != nil {
		return ID{}, fmt.Errorf("%q is not a job id: an id has 26 letters and digits, like 01JD8Q3Z5M9XKX2T4V6W8Y0ABC", s)
	}
	return ID(u), nil
}

// String writes the id as 26 characters of Crockford's base 32.
func (id ID) String() string { return ulid.ULID(id).String() }

// IsZero tells whether id was never set.
func (id ID) IsZero() bool { return id == ID{} }

// MarshalText implements [encoding.TextMarshaler].
func (id ID) MarshalText() ([]byte, error) { return ulid.ULID(id).MarshalText() }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *ID) UnmarshalText(b []byte) error {
	v, err := ParseID(string(b))
	if err == nil {
		*id = v
	}
	return err
}

// Ref names one claim of a job: the fence. What is done through a Ref has an
// effect only while the job is running under that claim.
type Ref struct {
	ID    ID
	Claim uint64
}
