package filter

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// SyntaxError says what is wrong with the text of a filter. It is written for the
// person who typed it.
type SyntaxError struct {
	// Input is the whole text.
	Input string
	// Offset is where Word begins in Input, in bytes.
	Offset int
	// Word is the term that was refused, as written. It is empty if the fault lies
	// in the text as a whole.
	Word string
	// Message says what is wrong, and what was expected instead.
	Message string
	// Hint says what was probably meant, or shows an example. It may be empty.
	Hint string
}

// Error puts word, message and hint on one printable line.
func (e *SyntaxError) Error() string {
	var b strings.Builder
	b.WriteString("bad filter")
	if e.Word != "" {
		b.WriteString(" at " + show(e.Word))
	}
	b.WriteString(": " + e.Message)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

func didYouMean(text string) string { return "did you mean " + plain(text) + "?" }

// shownRunes is how much of somebody's text a message repeats.
const shownRunes = 60

// shorten cuts what is too long for a message.
func shorten(s string) string {
	n := 0
	for i := range s {
		if n == shownRunes {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// plain makes s fit for a message: short, and without anything that could move
// the cursor of a terminal.
func plain(s string) string {
	s = shorten(s)
	if printable(s) {
		return s
	}
	return strconv.Quote(s)
}

// show is plain between quotes, in the kind of quotes that needs no backslashes.
func show(s string) string {
	s = shorten(s)
	if strings.Contains(s, `"`) && !strings.Contains(s, "`") && printable(s) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) })
}
