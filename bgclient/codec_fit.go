package bgclient

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/bgq-dev/bgq/store"
)

// settle gives what was read into interfaces one type for each kind of value, and
// puts times in UTC: msgpack reads an integer as one of eight types, by its size.
func settle(v reflect.Value) {
	t := v.Type()
	if !shapeOf(t).loose {
		return
	}
	switch t.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			v.Set(reflect.ValueOf(settled(v.Interface())))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			settle(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			settle(v.Index(i))
		}
	case reflect.Map:
		if v.IsNil() {
			return
		}
		m := reflect.MakeMapWithSize(t, v.Len())
		for it := v.MapRange(); it.Next(); {
			key, elem := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			key.Set(it.Key())
			elem.Set(it.Value())
			settle(key)
			settle(elem)
			m.SetMapIndex(key, elem)
		}
		v.Set(m)
	case reflect.Struct:
		if t == timeType {
			v.Set(reflect.ValueOf(v.Interface().(time.Time).UTC()))
			return
		}
		for f := range fieldsOf(t) {
			if !unsettable(f) { // then it is empty still
				settle(v.Field(f.Index[0]))
			}
		}
	}
}

// settled is settle for what an interface holds.
func settled(x any) any {
	switch x := x.(type) {
	case int8:
		return int64(x)
	case int16:
		return int64(x)
	case int32:
		return int64(x)
	case uint8:
		return int64(x)
	case uint16:
		return int64(x)
	case uint32:
		return int64(x)
	case uint64:
		if x <= math.MaxInt64 {
			return int64(x)
		}
	case float32:
		return float64(x)
	case time.Time:
		return x.UTC()
	case []any:
		for i, e := range x {
			x[i] = settled(e)
		}
	case map[string]any:
		for k, e := range x {
			x[k] = settled(e)
		}
	case map[any]any: // its keys are settled
		for k, e := range x {
			x[k] = settled(e)
		}
	}
	return x
}

// fits tells what was lost, without an error, when v was read into what p points to.
func fits(v store.Value, p reflect.Value, s shape) error {
	if err := someField(v, p.Elem()); err != nil {
		return err
	}
	// msgpack cuts an integer that is too large for its place. Only 0xcf begins one
	// that is too large for an int64.
	if s.own || !s.narrow && bytes.IndexByte(v, 0xcf) < 0 {
		return nil
	}
	return sameIntegers(v, p)
}

// someField returns an error if v is a map with keys, out is a struct, and none of
// the keys is a field: then the struct is of another kind, and would be empty.
func someField(v store.Value, out reflect.Value) error {
	for out.Kind() == reflect.Pointer && !out.IsNil() {
		out = out.Elem()
	}
	if out.Kind() != reflect.Struct || !out.IsZero() || encodesItself(out.Type()) || out.NumField() == 0 {
		return nil
	}
	var keys map[string]any
	if err := read(v, reflect.ValueOf(&keys), false); err != nil || len(keys) == 0 {
		return nil // an array, or nil
	}
	for k := range keys {
		probe, err := msgpack.Marshal(map[string]any{k: nil})
		if err == nil && read(probe, reflect.New(out.Type()), true) == nil {
			return nil
		}
	}
	return errors.New("none of the keys is a field of it")
}

// sameIntegers returns an error if an integer in v is another one in what p points to.
func sameIntegers(v store.Value, p reflect.Value) error {
	again, err := encodeValue(p)
	if err != nil || bytes.Equal(v, again) {
		return nil
	}
	var stored, got any
	if read(v, reflect.ValueOf(&stored), false) != nil || read(again, reflect.ValueOf(&got), false) != nil {
		return nil
	}
	return compare(settled(stored), settled(got), "")
}

// compare looks for integers that differ at the same place. Other differences are
// those of two versions of a type.
func compare(stored, got any, path string) error {
	switch stored := stored.(type) {
	case int64, uint64:
		switch got.(type) {
		case int64, uint64:
			if stored != got {
				return fmt.Errorf("the integer %d%s is too large for its place, or negative", stored, path)
			}
		}
	case []any:
		if got, ok := got.([]any); ok {
			for i := range min(len(stored), len(got)) {
				if err := compare(stored[i], got[i], fmt.Sprintf("%s[%d]", at(path), i)); err != nil {
					return err
				}
			}
		}
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			for _, k := range slices.Sorted(maps.Keys(stored)) {
				if err := compare(stored[k], got[k], fmt.Sprintf("%s.%s", at(path), k)); err != nil {
					return err
				}
			}
		}
	case map[any]any:
		if got, ok := got.(map[any]any); ok {
			for k, e := range stored {
				same, ok := got[k]
				if !ok {
					return fmt.Errorf("the key %v%s is too large for its place, or negative", k, path)
				}
				if err := compare(e, same, fmt.Sprintf("%s[%v]", at(path), k)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// at begins a path.
func at(path string) string {
	if path == "" {
		return " at "
	}
	return path
}
