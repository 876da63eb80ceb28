package main

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes text from the file fit for a terminal and for one line: everything
// that could move the cursor, change colours, reorder what is read or hide is
// shown as an escape instead.
func clean(s string) string { return escape(s, "") }

// cleanLines is clean for text that may have several lines: newlines and tabs stay.
func cleanLines(s string) string { return escape(strings.ReplaceAll(s, "\r\n", "\n"), "\n\t") }

func escape(s, keep string) string {
	harmless := func(r rune) bool { return !dangerous(r) || strings.ContainsRune(keep, r) }
	if utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !harmless(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case harmless(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xFFFF:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.String()
}

// dangerous tells whether a terminal or the eye could be led astray by r: control
// characters (C0, DEL, C1), line separators, and invisible format characters, among them
// all that turn the direction of writing. The joiners that make up emoji and
// Persian words are none.
func dangerous(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = 0x200C, 0x200D
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) &&
		r != zeroWidthNonJoiner && r != zeroWidthJoiner
}

// asciiControls replaces what dangerous names by its JSON escape: encoding/json
// leaves DEL, C1 and the rest as they are. In JSON they occur in strings only, so
// the value stays the same.
func asciiControls(b []byte) []byte { return asciiControlsWith(b, "") }

// asciiControlsWith is asciiControls with a format for characters beyond 16 bits; without
// one they are a surrogate pair, as JSON has them.
func asciiControlsWith(b []byte, long string) []byte {
	bad := func(r rune) bool { return dangerous(r) && r != '\n' }
	if bytes.IndexFunc(b, bad) < 0 {
		return b
	}
	var out bytes.Buffer
	for _, r := range string(b) {
		switch {
		case !bad(r):
			out.WriteRune(r)
		case r <= 0xFFFF:
			fmt.Fprintf(&out, `\u%04x`, r)
		case long != "":
			fmt.Fprintf(&out, long, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
		}
	}
	return out.Bytes()
}
