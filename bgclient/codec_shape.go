package bgclient

import (
	"encoding"
	"iter"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// shape is what matters about a type and all that it is made of.
type shape struct {
	doubtful bool // some of its values cannot be stored: look at each one
	loose    bool // it has a place for an interface or a time: see settle
	narrow   bool // it has integers that are smaller than int64, or unsigned
	own      bool // it has a type that encodes itself, about which nothing is known
	endless  bool // it has a type that msgpack could not even look at
}

func (s *shape) add(o shape) {
	s.doubtful = s.doubtful || o.doubtful
	s.loose = s.loose || o.loose
	s.narrow = s.narrow || o.narrow
	s.own = s.own || o.own
	s.endless = s.endless || o.endless
}

var (
	shapes   sync.Map // reflect.Type to shape
	timeType = reflect.TypeFor[time.Time]()
	errType  = reflect.TypeFor[error]()
)

func shapeOf(t reflect.Type) shape {
	if s, ok := shapes.Load(t); ok {
		return s.(shape)
	}
	s := inspect(t, map[reflect.Type]bool{})
	shapes.Store(t, s)
	return s
}

// inspect finds the shape of t. open holds the types met so far: true are those
// around t, and the others have been added already.
func inspect(t reflect.Type, open map[reflect.Type]bool) (s shape) {
	if around, met := open[t]; met {
		return shape{doubtful: around} // around itself: a value may contain itself
	}
	open[t] = true
	defer func() { open[t] = false }()
	switch {
	case t == timeType:
		return shape{loose: true}
	case encodesItself(t):
		return shape{own: true}
	case embedsItself(t, nil):
		return shape{endless: true, doubtful: true}
	}
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		s.doubtful = true
	case reflect.Interface:
		s.doubtful, s.loose = true, true
	case reflect.Int8, reflect.Int16, reflect.Int32,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		s.narrow = true
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() != reflect.Uint8 {
			s = inspect(t.Elem(), open)
		}
	case reflect.Pointer:
		s = inspect(t.Elem(), open)
	case reflect.Map:
		s = inspect(t.Key(), open)
		s.add(inspect(t.Elem(), open))
	case reflect.Struct:
		s.doubtful = opaque(t)
		for f := range fieldsOf(t) {
			s.doubtful = s.doubtful || unsettable(f)
			s.add(inspect(f.Type, open))
		}
	}
	return s
}

// fieldsOf yields the fields of a struct that are stored.
func fieldsOf(t reflect.Type) iter.Seq[reflect.StructField] {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			tag := f.Tag.Get("msgpack")
			if tag == "" {
				tag = f.Tag.Get("json")
			}
			name, _, _ := strings.Cut(tag, ",")
			if name == "-" || !f.IsExported() && !f.Anonymous {
				continue
			}
			if !yield(f) {
				return
			}
		}
	}
}

// opaque tells whether t has fields, but none that msgpack can see.
func opaque(t reflect.Type) bool {
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() || f.Anonymous {
			return false
		}
	}
	return t.NumField() > 0
}

// unsettable tells whether a field is stored but cannot be filled in again: reflection
// must not write to an embedded field of an unexported type, other than into a struct.
func unsettable(f reflect.StructField) bool {
	return f.Anonymous && !f.IsExported() && f.Type.Kind() != reflect.Struct
}

// embedsItself tells whether t leads back to itself through nothing but pointers
// and embedded structs. msgpack would follow these for ever.
func embedsItself(t reflect.Type, above []reflect.Type) bool {
	switch {
	case slices.Contains(above, t):
		return true
	case encodesItself(t):
		return false
	}
	above = append(above, t)
	switch t.Kind() {
	case reflect.Pointer:
		return embedsItself(t.Elem(), above)
	case reflect.Struct:
		for f := range fieldsOf(t) {
			if f.Anonymous && embedsItself(f.Type, above) {
				return true
			}
		}
	}
	return false
}

var ownEncoding = []reflect.Type{
	reflect.TypeFor[msgpack.CustomEncoder](), reflect.TypeFor[msgpack.CustomDecoder](),
	reflect.TypeFor[msgpack.Marshaler](), reflect.TypeFor[msgpack.Unmarshaler](),
	reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.BinaryUnmarshaler](),
	reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
}

// encodesItself tells whether t, or a pointer to it, has methods that msgpack uses.
func encodesItself(t reflect.Type) bool {
	if t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer {
		return false // what it leads to is asked
	}
	p := reflect.PointerTo(t)
	return slices.ContainsFunc(ownEncoding, func(m reflect.Type) bool { return t.Implements(m) || p.Implements(m) })
}
