package template

import "strings"

// Quote returns s written so that sh reads it as one word with exactly these bytes, to
// be put into a command that somebody else wrote.
//
// Characters that mean something are escaped one by one with a backslash rather
// than the whole put between single quotes, as GNU parallel does too: then a
// template that itself puts {} between double quotes, as people do from habit, gets
// some backslashes too many, but an input can still not break out and run as a command.
func Quote(s string) string {
	if s == "" {
		return "''"
	}
	special := 0
	for i := range len(s) {
		if !plain(s[i]) {
			special++
		}
	}
	if special == 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 2*special)
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\n': // a backslash would remove it
			b.WriteString("'\n'")
		case plain(c):
			b.WriteByte(c)
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String()
}

// plain tells whether a shell takes the byte for itself wherever it stands. Bytes
// above ASCII are parts of characters, which must not be torn.
func plain(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c >= 0x80:
		return true
	}
	return strings.IndexByte("%+,-./:@_", c) >= 0
}

// Join writes words as a line that sh reads back as them, and people can read too: what needs quoting
// stands between single quotes.
func Join(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if w == "" || strings.ContainsFunc(w, func(r rune) bool { return r < 0x80 && !plain(byte(r)) }) {
			quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
