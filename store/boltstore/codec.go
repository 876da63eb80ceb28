package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/bgq-dev/bgq/store"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sumLen = 4

var (
	errChecksum = errors.New("the checksum does not fit")
	errLayout   = errors.New("the layout is wrong")
)

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

// sealID makes a record that is an id.
func sealID(key []byte, id store.ID) []byte {
	return seal(key, append(make([]byte, 0, idLen+sumLen), id[:]...))
}

// unsealID is the inverse of sealID.
func unsealID(key, sealed []byte) (store.ID, bool) {
	b, ok := unseal(key, sealed)
	if !ok || len(b) != idLen {
		return store.ID{}, false
	}
	return store.ID(b), true
}

// sealValue makes a sealed copy of a value.
func sealValue(key []byte, v store.Value) []byte {
	return seal(key, append(make([]byte, 0, len(v)+sumLen), v...))
}

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
