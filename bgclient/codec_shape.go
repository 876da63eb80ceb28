package bgclient

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

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
func fieldsOf(t reflect.Type) func(yield func(reflect.StructField) bool) {
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

// encodesItself tells whether t, or a pointer to it, has methods that msgpack asks.
func encodesItself(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	p := reflect.PointerTo(t)
	return slices.ContainsFunc(ownEncoding, func(m reflect.Type) bool { return t.Implements(m) || p.Implements(m) })
}

// maxSteps bounds the way into a value: 64 levels of msgpack, each of which may
// take an interface and some pointers to get at.
const maxSteps = 256

// unstorable says which part of a value cannot be stored, and why.
type unstorable struct {
	root reflect.Type
	path string // from the root: .Jobs[3].Done
	why  string
}

func (e *unstorable) Error() string {
	if e.path == "" {
		return e.why
	}
	return fmt.Sprintf("%v%s: %s", e.root, e.path, e.why)
}

// storable tells whether v can be stored and read back. It is called before
// encoding, because msgpack stops at nothing: a value that contains itself would
// overflow the stack, which ends the process.
func storable(v reflect.Value) error {
	if !shapeOf(v.Type()).doubtful {
		return nil
	}
	w := walker{seen: map[visit]bool{}}
	if e := w.walk(v, 0); e != nil {
		e.root = v.Type()
		return e
	}
	return nil
}

// walker goes through a value. What is reached by several ways is looked at once:
// they may be 2^n.
type walker struct{ seen map[visit]bool }

type visit struct {
	at  unsafe.Pointer
	typ reflect.Type
	len int
}

func (w *walker) walk(v reflect.Value, steps int) *unstorable {
	t := v.Type()
	s := shapeOf(t)
	switch {
	case !s.doubtful:
		return nil
	case s.endless:
		return refuse("%v is, or holds, a type that embeds itself", t)
	case steps > maxSteps:
		return refuse("it is nested too deeply, or contains itself")
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if v.IsNil() {
			return nil
		}
		here := visit{at: v.UnsafePointer(), typ: t}
		if t.Kind() == reflect.Slice {
			here.len = v.Len()
		}
		if w.seen[here] {
			return nil
		}
		defer func() { w.seen[here] = true }()
	}
	switch t.Kind() {
	case reflect.Interface:
		switch {
		case v.IsNil() || t == errType:
			return nil
		case t.NumMethod() > 0:
			return refuse("it is a %v, and nothing would say which type to read it back as: use a concrete type", t)
		}
		return w.walk(v.Elem(), steps+1)
	case reflect.Pointer:
		return w.walk(v.Elem(), steps+1)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if e := w.walk(v.Index(i), steps+1); e != nil {
				return e.in("[%d]", i)
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if e := w.walk(it.Key(), steps+1); e != nil {
				return e.in("[key]")
			}
			if e := w.walk(it.Value(), steps+1); e != nil {
				return e.in("[%#.40v]", it.Key())
			}
		}
	case reflect.Struct:
		if opaque(t) {
			return refuse("%v has no exported field: nothing of it would be stored", t)
		}
		for f := range fieldsOf(t) {
			if unsettable(f) {
				return refuse("it embeds %v, which is unexported and could not be read back", f.Type).in(".%s", f.Name)
			}
			if e := w.walk(v.Field(f.Index[0]), steps+1); e != nil {
				return e.in(".%s", f.Name)
			}
		}
	default:
		return refuse("a %v has no stored form", t)
	}
	return nil
}

func refuse(why string, args ...any) *unstorable {
	return &unstorable{why: fmt.Sprintf(why, args...)}
}

// in puts a step in front of the path, of which it keeps the beginning.
func (e *unstorable) in(step string, args ...any) *unstorable {
	const maxPath = 120
	path := fmt.Sprintf(step, args...) + strings.TrimSuffix(e.path, "…")
	if len(path) > maxPath || strings.HasSuffix(e.path, "…") {
		path = strings.ToValidUTF8(path[:min(len(path), maxPath)], "") + "…"
	}
	e.path = path
	return e
}
