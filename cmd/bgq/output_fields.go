package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// fieldsOf returns the names of the JSON fields that a value of this type can have, or of its elements
// if it is a slice. It is nil for a value that is no object.
func fieldsOf(v any) []string {
	t := reflect.TypeOf(v)
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
		t = t.Elem()
	}
	return structFields(t)
}

func structFields(t reflect.Type) []string {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			names = append(names, structFields(inner)...)
		case name != "" && name != "-":
			names = append(names, name)
		}
	}
	return names
}

// checkFields refuses the fields that no value of this type has.
func checkFields(fields, known []string) error {
	for _, f := range fields {
		switch {
		case known == nil:
			return usage("leave --json out; -o json prints the value", "this is no object: it has no fields for --json to choose")
		case !slices.Contains(known, f):
			return usage("there are "+strings.Join(known, ", "), "--json: there is no field %q%s", f, maybe(f, known))
		}
	}
	return nil
}

// selectFields keeps the fields of an object, or of each one in an array, in the given order. What
// this object does not have is null.
func selectFields(b []byte, fields, known []string) ([]byte, error) {
	if err := checkFields(fields, known); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(b, []byte("[")) {
		var items []json.RawMessage
		if err := json.Unmarshal(b, &items); err != nil {
			return nil, err
		}
		for i := range items {
			var err error
			if items[i], err = selectFields(items[i], fields, known); err != nil {
				return nil, err
			}
		}
		return compactJSON(items)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(b, &object); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			out.WriteByte(',')
		}
		name, _ := json.Marshal(f)
		out.Write(name)
		out.WriteByte(':')
		if v, has := object[f]; has {
			out.Write(v)
		} else {
			out.WriteString("null")
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}
