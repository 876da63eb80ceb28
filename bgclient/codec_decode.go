package bgclient

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/bgq-dev/bgq/store"
)

// decode reads a stored value as a T. what names the value in errors ("the result
// of job …"). Bytes that are damaged, that do not fit T, or of which nothing would
// be left in T are an error; nil fits every type, as its zero value. Map keys that
// a struct has no field for are passed over, and fields without a key stay zero, so
// that structs may gain and lose fields between two versions of a program.
func decode[T any](v store.Value, what string) (T, error) {
	var out T
	if err := decodeValue(v, reflect.ValueOf(&out), what); err != nil {
		var zero T
		return zero, err
	}
	return out, nil
}

func decodeValue(v store.Value, p reflect.Value, what string) error {
	t := p.Type().Elem()
	if err := v.Check(); err != nil {
		return fmt.Errorf("%s cannot be read: %w", what, err)
	}
	if t == noneType {
		return nil
	}
	s := shapeOf(t)
	if s.endless {
		return fmt.Errorf("%s cannot be read as %v: it is, or holds, a type that embeds itself", what, t)
	}
	err := read(v, p, false)
	if err == nil && s.loose {
		settle(p.Elem())
	}
	if err == nil {
		err = fits(v, p, s)
	}
	if err != nil {
		return fmt.Errorf("%s is %s, which does not fit the Go type %v: %w", what, sketch(v), t, err)
	}
	return nil
}

// read fills in what p points to. msgpack and the methods of the types may panic:
// that is an error. strict makes a key without a field an error.
func read(v store.Value, p reflect.Value, strict bool) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic while decoding: %v", r)
		}
	}()
	d := msgpack.GetDecoder()
	r := bytes.NewReader(v)
	d.Reset(r)
	d.SetCustomStructTag("json")
	d.SetMapDecoder(readMap)
	d.DisallowUnknownFields(strict)
	if err := d.DecodeValue(p.Elem()); err != nil {
		return err // and leave the decoder: Reset does not clear all of its state
	}
	msgpack.PutDecoder(d)
	if r.Len() > 0 {
		// A type with its own decoding took less than what it once wrote.
		return fmt.Errorf("%d bytes were not read", r.Len())
	}
	return nil
}

// readMap reads a map into an any: a map[string]any if it can be. msgpack's own
// reader knows no other.
func readMap(d *msgpack.Decoder) (any, error) {
	n, err := d.DecodeMapLen()
	if err != nil {
		return nil, err
	}
	words := make(map[string]any, n) // n is bounded: the value was checked
	var mixed map[any]any            // instead of words once a key is no string
	for range n {
		k, err := d.DecodeInterface()
		if err != nil {
			return nil, err
		}
		e, err := d.DecodeInterface()
		if err != nil {
			return nil, err
		}
		word, ok := k.(string)
		switch {
		case ok && mixed == nil:
			words[word] = e
			continue
		case k != nil && !reflect.ValueOf(k).Comparable():
			return nil, fmt.Errorf("a map has a key of type %T, which no Go map can have", k)
		case mixed == nil:
			mixed = make(map[any]any, n)
			for word, e := range words {
				mixed[word] = e
			}
		}
		mixed[settled(k)] = e
	}
	if mixed != nil {
		return mixed, nil
	}
	return words, nil
}

// sketch says in a few words what a checked value holds.
func sketch(v store.Value) string {
	var x any
	if err := read(v, reflect.ValueOf(&x), false); err != nil {
		return "a value that only its own type can read"
	}
	switch x := settled(x).(type) {
	case nil:
		return "nil"
	case bool:
		return "a bool"
	case int64, uint64:
		return fmt.Sprintf("the integer %d", x)
	case float64:
		return "a float"
	case string:
		return fmt.Sprintf("a string of %d bytes", len(x))
	case []byte:
		return fmt.Sprintf("a []byte of length %d", len(x))
	case time.Time:
		return "a time"
	case []any:
		return fmt.Sprintf("an array of length %d", len(x))
	case map[string]any:
		if len(x) == 0 {
			return "an empty map"
		}
		return "a map with " + keyList(x)
	case map[any]any:
		return fmt.Sprintf("a map of length %d", len(x))
	default:
		return fmt.Sprintf("a %T", x)
	}
}

// keyList names the keys of a map, if they are not too many or too long.
func keyList(m map[string]any) string {
	const most = 5
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, fmt.Sprintf("%.40q", k))
	}
	slices.SortFunc(keys, cmp.Compare)
	noun := "the keys "
	if len(keys) == 1 {
		noun = "the key "
	}
	if len(keys) > most {
		return noun + strings.Join(keys[:most], ", ") + fmt.Sprintf(" and %d more", len(keys)-most)
	}
	return noun + strings.Join(keys, ", ")
}
