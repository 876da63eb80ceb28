package bgclient

import (
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/bgq-dev/bgq/store"
)

// How Go values are stored.
//
// Arguments and results are msgpack. What a type looks like there:
//
//   - A struct is a map of its exported fields. A `msgpack` tag names the field, or
//     else a `json` tag, or else the field is called as in Go. Only one tag counts: where there
//     is a `msgpack` tag, the `json` tag is not read at all. "-" leaves the field out (also in
//     the form "-,"), omitempty leaves it out where it is empty; other json options do nothing.
//     The fields of an embedded struct are fields of the outer one; a nil pointer that
//     is embedded comes back as a pointer to an empty struct.
//   - Integers, floats (also NaN and infinities), bool, string, []byte, slices, arrays,
//     maps with any key, pointers (nil or not) and time.Duration come back as they
//     were; nil and empty slices and maps stay apart.
//   - time.Time comes back as the same instant, to the nanosecond, in UTC.
//   - An `any` comes back as one of nil, bool, int64 (uint64 if it is larger), float64,
//     string, []byte, time.Time, []any, map[string]any, or map[any]any if a key is
//     no string. What struct it once was is not stored.
//   - An `error` comes back as its text.
//   - Types with methods of their own are asked, in this order: msgpack.CustomEncoder and
//     CustomDecoder, msgpack.Marshaler and Unmarshaler, encoding.BinaryMarshaler and
//     BinaryUnmarshaler, encoding.TextMarshaler and TextUnmarshaler. MarshalJSON is not
//     asked. Where the methods have pointer receivers, a map needs pointers as values.
//
// Maps with string keys and string, bool or any values are written in the order of
// their keys, so that equal values are equal bytes; other maps are not.
//
// What would not come back is an error when it is stored: channels, functions,
// complex numbers, values of other interfaces, structs without an exported field,
// what contains itself or is nested deeper than 64.

// None is the result of a procedure, and the argument of a function that needs
// none. It is stored as nil, and reads back from anything.
type None struct{}

var noneType = reflect.TypeFor[None]()

// maxEncoded bounds what is encoded at all. The limit that matters is the store's,
// and far below; this one keeps a value which branches into itself again and again
// from filling the memory.
const maxEncoded = 256 << 20

// encode returns v as it is stored. An error says which part of v cannot be.
func encode[T any](v T) (store.Value, error) {
	// By its address: methods with pointer receivers are found only that way.
	return encodeValue(reflect.ValueOf(&v))
}

func encodeValue(p reflect.Value) (store.Value, error) {
	t := p.Type().Elem()
	if t == noneType {
		return store.Value{0xc0}, nil
	}
	if err := storable(p.Elem()); err != nil {
		return nil, err
	}
	w := writers.Get().(*writer)
	err := w.encode(p)
	if err != nil {
		return nil, fmt.Errorf("the Go type %v: %w", t, err)
	}
	v := store.Value(slices.Clone(w.buf))
	if cap(w.buf) <= maxPooled {
		w.buf = w.buf[:0]
		writers.Put(w)
	}
	// The methods of a type may write what they like: it must be readable.
	if err := v.Check(); err != nil {
		return nil, fmt.Errorf("the Go type %v: %w", t, err)
	}
	return v, nil
}

// maxPooled is the largest buffer that is kept for the next value.
const maxPooled = 64 << 10

var writers = sync.Pool{New: func() any { return &writer{enc: msgpack.NewEncoder(nil), limit: maxEncoded} }}

// writer is an encoder with its buffer, which does not grow beyond the limit.
type writer struct {
	enc   *msgpack.Encoder
	buf   []byte
	limit int
}

// encode writes what p points to. msgpack and the methods of the value's types may
// panic, which is an error. After an error the writer is not used again.
func (w *writer) encode(p reflect.Value) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic while encoding: %v", r)
		}
	}()
	w.enc.Reset(w)
	w.enc.SetCustomStructTag("json")
	w.enc.SetSortMapKeys(true)
	w.enc.UseCompactInts(true)
	return w.enc.EncodeValue(p)
}

// Write implements io.Writer.
func (w *writer) Write(p []byte) (int, error) {
	if len(p) > w.limit-len(w.buf) {
		return 0, store.ErrTooLarge
	}
	w.buf = append(w.buf, p...)
	return len(p), nil
}

// WriteByte implements io.ByteWriter, which msgpack asks for.
func (w *writer) WriteByte(c byte) error {
	if len(w.buf) >= w.limit {
		return store.ErrTooLarge
	}
	w.buf = append(w.buf, c)
	return nil
}
