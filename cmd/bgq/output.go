package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// format is how data is written to stdout.
type format string

const (
	formatTable format = "table" // for people
	formatWide  format = "wide"  // the same with more columns, and nothing cut
	formatJSON  format = "json"  // one value, indented
	formatJSONL format = "jsonl" // a value a line
	formatYAML  format = "yaml"
	formatName  format = "name" // the ids or names, one a line
)

// structured tells whether programs read it.
func (f format) structured() bool { return f == formatJSON || f == formatJSONL || f == formatYAML }

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

// print writes one value to stdout: by human for people, by its names if only they are wanted.
func (a *app) print(v any, human func() error, names ...string) error {
	switch {
	case a.format.structured():
		return a.printValue(v)
	case a.format == formatName && len(names) == 0:
		return usage("-o json, jsonl and yaml do", "-o name does not go with this: it prints nothing that has a name")
	case a.format == formatName:
		for _, n := range names {
			a.printf("%s\n", clean(n))
		}
		return nil
	}
	return human()
}

// printValue writes one value as -o says: JSON unless it is YAML.
func (a *app) printValue(v any) error {
	b, err := a.marshal(v)
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(b)
	return err
}

// marshal encodes a value, or the fields of it that --json names, with a newline at its end. It is
// safe to print on a terminal.
func (a *app) marshal(v any) ([]byte, error) {
	b, err := compactJSON(v)
	if err == nil && a.fields != nil {
		b, err = selectFields(b, a.fields, fieldsOf(v))
	}
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	switch a.format {
	case formatJSONL:
		out.Write(b)
	case formatYAML:
		return toYAML(b)
	default:
		if err := json.Indent(&out, b, "", "  "); err != nil {
			return nil, err
		}
	}
	out.WriteByte('\n')
	return asciiControls(out.Bytes()), nil
}

// compactJSON is json.Marshal without the escapes that only HTML needs.
func compactJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
