package boltstore

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// The spans of statistics, as they stand at the front of a key: so the minutes, which are
// summed up to hours, are apart from the hours.
const (
	spanMinute = byte(1)
	spanHour   = byte(2)
)

var spans = [...]time.Duration{spanMinute: time.Minute, spanHour: time.Hour}

// statRow names a row of statistics.
type statRow struct {
	span  byte
	start int64 // in nanoseconds since 1970
	series
}

func (r statRow) key() []byte {
	k := make([]byte, 0, 1+timeLen+len(r.queue)+1+len(r.kind))
	k = appendNames(appendStatStart(k, r.span, r.begin()), r.queue)
	return append(k, r.kind...)
}

// appendStatStart appends the front of the keys of all rows of a span that start at a time.
func appendStatStart(k []byte, span byte, start time.Time) []byte {
	return appendTime(append(k, span), start)
}

func (r statRow) begin() time.Time { return time.Unix(0, r.start).UTC() }
func (r statRow) end() time.Time   { return r.begin().Add(spans[r.span]) }

// splitStat is the inverse of statRow.key.
func splitStat(k []byte) (r statRow, ok bool) {
	if len(k) < 1+timeLen || k[0] != spanMinute && k[0] != spanHour {
		return r, false
	}
	queue, kind, ok := bytes.Cut(k[1+timeLen:], []byte{0})
	if !ok || bytes.IndexByte(kind, 0) >= 0 {
		return r, false
	}
	r.span = k[0]
	r.start = int64(binary.BigEndian.Uint64(k[1:]) ^ 1<<63)
	r.queue, r.kind = string(queue), string(kind)
	return r, true
}

// statVersion is the first byte of a row of statistics. A second layout gets a second number.
const statVersion = 1

// encodeStats writes the counters of a row as numbers of variable length, then the two
// spreads, and the checksum over the key and it.
func encodeStats(key []byte, s *store.Stats) []byte {
	b := append(make([]byte, 0, 64), statVersion)
	for _, n := range [...]int64{s.Enqueued, s.Started, s.Completed, s.Failed, s.Discarded, s.Cancelled} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	b = appendSpread(appendSpread(b, &s.Wait), &s.Run)
	return seal(key, b)
}

// appendSpread writes how many steps are not empty, and for each of these how many empty
// ones lie before it, and its number.
func appendSpread(b []byte, s *store.Spread) []byte {
	used := 0
	for _, n := range s {
		if n > 0 {
			used++
		}
	}
	b = binary.AppendUvarint(b, uint64(used))
	empty := uint64(0)
	for _, n := range s {
		if n == 0 {
			empty++
			continue
		}
		b = binary.AppendUvarint(binary.AppendUvarint(b, empty), uint64(n))
		empty = 0
	}
	return b
}

// decodeStats reads what encodeStats wrote. The names and the time are in the key.
func decodeStats(key, sealed []byte) (s store.Stats, err error) {
	body, ok := unseal(key, sealed)
	if !ok {
		return s, errChecksum
	}
	d := decoder{rest: body}
	if d.byte() != statVersion {
		return s, errLayout
	}
	for _, n := range [...]*int64{&s.Enqueued, &s.Started, &s.Completed, &s.Failed, &s.Discarded, &s.Cancelled} {
		*n = d.counter()
	}
	d.spread(&s.Wait)
	d.spread(&s.Run)
	if d.bad || len(d.rest) != 0 {
		return store.Stats{}, errLayout
	}
	return s, nil
}

// counter reads a number that is not negative.
func (d *decoder) counter() int64 {
	n := int64(d.uvarint())
	if n < 0 {
		d.bad = true
	}
	return n
}

func (d *decoder) spread(s *store.Spread) {
	used := d.uvarint()
	step := uint64(0)
	for range min(used, uint64(len(s)+1)) {
		step += d.uvarint()
		n := d.uvarint()
		if step >= uint64(len(s)) || n == 0 || n != uint64(uint32(n)) {
			d.bad = true
			return
		}
		s[step] = uint32(n)
		step++
	}
}

// statsAt reads a row, or an empty one if there is none.
func (r *reader) statsAt(key []byte) (store.Stats, error) {
	sealed := r.get(tableStat, key)
	if sealed == nil {
		return store.Stats{}, nil
	}
	return decodeStats(key, sealed)
}

// stats checks that every row of statistics can be read.
func (v *verifier) stats() error {
	for k, sealed := range v.prefix(tableStat, nil) {
		if err := v.pause(); err != nil {
			return err
		}
		if bytes.Equal(k, savedKey) {
			if _, err := v.lastSave(); err != nil {
				v.problem("%v", err)
			}
			continue
		}
		if _, ok := splitStat(k); !ok {
			v.problem("the statistics have the wrong key %x", k)
		} else if _, err := decodeStats(k, sealed); err != nil {
			v.problem("%v", damagedStats(k, err))
		}
	}
	return nil
}

// damagedStats names the row.
func damagedStats(key []byte, err error) error {
	if r, ok := splitStat(key); ok {
		return damaged("the statistics of kind %q in queue %q at %s: %w", r.kind, r.queue, r.begin().Format(time.RFC3339), err)
	}
	return damaged("the statistics at the key %x: %w", key, err)
}
