package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// format is how data is written to stdout.
type format string

const (
	formatTable format = "table" // for people
	formatJSON  format = "json"  // one value, indented
	formatJSONL format = "jsonl" // a value a line
)

// say tells people something, on stderr.
func (a *app) say(format string, args ...any) {
	fmt.Fprintln(a.stderr, cleanLines(fmt.Sprintf(format, args...)))
}

// detail is say with --verbose.
func (a *app) detail(format string, args ...any) {
	if a.verbose {
		a.say(format, args...)
	}
}

// printf writes plain text to stdout. Text from the file must have been cleaned. An error
// ends the command with a failure when it has done everything else.
func (a *app) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(a.stdout, format, args...); err != nil && a.printErr == nil {
		a.printErr = err
	}
}

// printJSON writes one value to stdout: indented, or with jsonl on one line.
func (a *app) printJSON(v any) error {
	b, err := marshal(v, a.format)
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(b)
	return err
}

// marshal encodes v with a newline at its end, safe to print on a terminal.
func marshal(v any, f format) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if f != formatJSONL {
		enc.SetIndent("", "  ")
	}
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return asciiControls(b.Bytes()), nil
}

// list writes items as they come: as rows of a table, as a JSON array, or one a line.
type list[T any] struct {
	app   *app
	table *table
	row   func(T) []string
	view  func(T) any
	n     int
}

func newList[T any](a *app, columns []column, row func(T) []string, view func(T) any) *list[T] {
	return &list[T]{app: a, table: newTable(a, columns), row: row, view: view}
}

// add writes items.
func (l *list[T]) add(items []T) error {
	if len(items) == 0 {
		return nil
	}
	first := l.n == 0
	l.n += len(items)
	if l.app.format == formatTable {
		rows := make([][]string, len(items))
		for i, item := range items {
			rows[i] = l.row(item)
		}
		return l.table.write(rows)
	}
	var b bytes.Buffer
	for i, item := range items {
		one, err := marshal(l.view(item), l.app.format)
		if err != nil {
			return err
		}
		if l.app.format == formatJSON {
			switch {
			case first && i == 0:
				b.WriteString("[\n")
			default:
				b.WriteString(",\n")
			}
			one = bytes.TrimRight(one, "\n")
			b.WriteString("  ")
			one = bytes.ReplaceAll(one, []byte("\n"), []byte("\n  "))
		}
		b.Write(one)
	}
	_, err := l.app.stdout.Write(b.Bytes())
	return err
}

// end ends the list.
func (l *list[T]) end() error {
	if l.app.format != formatJSON {
		return nil
	}
	closing := "\n]\n"
	if l.n == 0 {
		closing = "[]\n"
	}
	_, err := io.WriteString(l.app.stdout, closing)
	return err
}

// terminal tells whether stream is one.
func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width is the width of the terminal that stdout goes to; 0: it is none, and nothing is cut.
func (a *app) width() int {
	f, ok := a.stdout.(*os.File)
	if !ok || !terminal(f) {
		return 0
	}
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return w
}

// colours tells whether stdout may have colours.
func (a *app) colours() bool {
	return terminal(a.stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// paint colours s where colours are wanted. Colour never says what the text does not.
func (a *app) paint(c text.Colors, s string) string {
	if !a.colours() {
		return s
	}
	return c.Sprint(s)
}
