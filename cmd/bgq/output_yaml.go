package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// toYAML writes JSON as YAML: the same values with the same digits, in the same order. A text is
// written plain only where nothing could take it for anything else, and otherwise
// in double quotes, with everything escaped that could hurt a terminal.
func toYAML(b []byte) ([]byte, error) {
	y := yamlWriter{in: json.NewDecoder(bytes.NewReader(b))}
	y.in.UseNumber()
	if err := y.value("", false); err != nil {
		return nil, err
	}
	return y.out.Bytes(), nil
}

type yamlWriter struct {
	in  *json.Decoder
	out bytes.Buffer
}

// value writes the next value. It begins behind what stands on the line already: inside of a list a
// mapping goes on there, and otherwise on a line of its own.
func (y *yamlWriter) value(indent string, inList bool) error {
	t, err := y.in.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Delim:
		if !y.in.More() {
			y.scalar(map[json.Delim]string{'{': "{}", '[': "[]"}[t])
		} else if err := y.items(t, indent, inList); err != nil {
			return err
		}
		_, err = y.in.Token()
		return err
	case string:
		y.scalar(yamlText(t))
	case nil:
		y.scalar("null")
	default:
		y.scalar(fmt.Sprint(t))
	}
	return nil
}

// scalar ends a line with a value.
func (y *yamlWriter) scalar(s string) {
	if b := y.out.Bytes(); len(b) > 0 && b[len(b)-1] == ':' {
		y.out.WriteByte(' ')
	}
	y.out.WriteString(s + "\n")
}

// items writes the items of an object or array.
func (y *yamlWriter) items(open json.Delim, indent string, inList bool) error {
	if y.out.Len() > 0 && !inList {
		y.out.WriteByte('\n')
	}
	for first := true; y.in.More(); first = false {
		if !first || !inList {
			y.out.WriteString(indent)
		}
		if open == '[' {
			y.out.WriteString("- ")
			if err := y.value(indent+"  ", true); err != nil {
				return err
			}
			continue
		}
		key, err := y.in.Token()
		if err != nil {
			return err
		}
		y.out.WriteString(yamlText(key.(string)) + ":")
		if err := y.value(indent+"  ", false); err != nil {
			return err
		}
	}
	return nil
}

// plainText is text that no version of YAML takes for a number, a time, a truth value or syntax.
var plainText = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_./-]*$`)

// yamlWords are what some version of YAML reads as something else than text.
var yamlWords = map[string]bool{"y": true, "n": true, "yes": true, "no": true, "on": true, "off": true, "true": true, "false": true, "null": true}

func yamlText(s string) string {
	if plainText.MatchString(s) && !yamlWords[strings.ToLower(s)] {
		return s
	}
	b, err := compactJSON(s)
	if err != nil {
		return `""` // which cannot be: it was JSON
	}
	return string(asciiControlsWith(b, `\U%08x`))
}
