package bgclient

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"
)

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
