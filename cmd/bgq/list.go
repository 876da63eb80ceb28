package main

import (
	"bytes"
	"io"
)

// list writes items as they come: as rows of a table, as a JSON array or a YAML list, or one a line.
type list[T any] struct {
	app   *app
	table *table
	row   func(T) []string // the cells of all columns
	name  func(T) string   // for -o name
	n     int
}

func newList[T any](a *app, columns []column, row func(T) []string, name func(T) string) *list[T] {
	return &list[T]{app: a, table: newTable(a, columns), row: row, name: name}
}

// check refuses what cannot be printed, before anything is read.
func (l *list[T]) check() error {
	var item T
	if l.app.format == formatName && l.name == nil {
		return usage("-o json, jsonl and yaml do", "-o name does not go with this: it prints nothing that has a name")
	}
	return checkFields(l.app.fields, fieldsOf(item))
}

// all writes all there are, and ends the list.
func (l *list[T]) all(items []T) error {
	if err := l.check(); err != nil {
		return err
	}
	if err := l.add(items...); err != nil {
		return err
	}
	return l.end()
}

// add writes items.
func (l *list[T]) add(items ...T) error {
	if len(items) == 0 {
		return nil
	}
	first := l.n == 0
	l.n += len(items)
	var b bytes.Buffer
	switch l.app.format {
	case formatTable, formatWide:
		rows := make([][]string, len(items))
		for i, item := range items {
			rows[i] = l.row(item)
		}
		return l.table.write(rows)
	case formatName:
		for _, item := range items {
			b.WriteString(clean(l.name(item)) + "\n")
		}
	case formatYAML:
		one, err := l.app.marshal(items)
		if err != nil {
			return err
		}
		b.Write(one)
	default:
		for i, item := range items {
			one, err := l.app.marshal(item)
			if err != nil {
				return err
			}
			if l.app.format == formatJSON {
				one = inArray(one, first && i == 0)
			}
			b.Write(one)
		}
	}
	_, err := l.app.stdout.Write(b.Bytes())
	return err
}

// inArray makes indented JSON an element of an array.
func inArray(one []byte, first bool) []byte {
	before := ",\n  "
	if first {
		before = "[\n  "
	}
	one = bytes.TrimRight(one, "\n")
	return append([]byte(before), bytes.ReplaceAll(one, []byte("\n"), []byte("\n  "))...)
}

// end ends the list.
func (l *list[T]) end() error {
	closing := ""
	switch {
	case l.n == 0 && (l.app.format == formatJSON || l.app.format == formatYAML):
		closing = "[]\n"
	case l.app.format == formatJSON:
		closing = "\n]\n"
	}
	_, err := io.WriteString(l.app.stdout, closing)
	return err
}
