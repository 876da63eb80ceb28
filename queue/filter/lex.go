package filter

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// term is one word of a filter, taken apart but not yet understood.
type term struct {
	input  string
	offset int
	word   string

	not  bool
	name string // in lower case
	op   string // empty: a bare word
	raw  string // the values as written, or the whole bare word
	// values has at least one element.
	values []value
}

// value is a text without its quotes. One that had some is meant to be empty if it is.
type value struct {
	text   string
	quoted bool
}

// fail makes the error that shows the term.
func (t *term) fail(message, hint string) error {
	return &SyntaxError{Input: t.input, Offset: t.offset, Word: t.word, Message: message, Hint: hint}
}

// instead suggests other terms in place of this one, with its minus if it has one.
func (t *term) instead(terms ...string) string {
	if t.not {
		for i := range terms {
			terms[i] = "-" + terms[i]
		}
	}
	return didYouMean(strings.Join(terms, " or "))
}

// single returns the value of a field that takes no list.
func (t *term) single() (string, bool) { return t.values[0].text, len(t.values) == 1 }

// lexer cuts the input into terms.
type lexer struct {
	input  string
	start  int // of the current word
	pos    int
	values int
}

// more goes to the next word and tells whether there is one.
func (l *lexer) more() bool {
	rest := strings.TrimLeftFunc(l.input[l.pos:], unicode.IsSpace)
	l.pos = len(l.input) - len(rest)
	l.start = l.pos
	return rest != ""
}

// term reads the word at the current position.
func (l *lexer) term() (*term, error) {
	t := &term{input: l.input, offset: l.start}
	if l.input[l.pos] == '-' {
		t.not = true
		l.pos++
	}
	begin := l.pos
	head, err := l.text(func(r rune) bool { return endsValue(r) || isOperator(r) })
	if err != nil {
		return nil, err
	}
	t.op = l.operator()
	if t.op == "" {
		// A bare word: what was read is its first value.
		t.values = append(t.values, head)
	} else {
		t.name = strings.ToLower(head.text)
		begin = l.pos
		if err := l.value(t); err != nil {
			return nil, err
		}
	}
	for l.pos < len(l.input) && l.input[l.pos] == ',' {
		l.pos++
		if err := l.value(t); err != nil {
			return nil, err
		}
	}
	t.word, t.raw = l.input[l.start:l.pos], l.input[begin:l.pos]
	l.values += len(t.values)
	if l.values > MaxValues {
		return nil, t.fail(fmt.Sprintf("the text has more than %d values", MaxValues), "")
	}
	return t, nil
}

// value appends the value at the current position.
func (l *lexer) value(t *term) error {
	v, err := l.text(endsValue)
	t.values = append(t.values, v)
	return err
}

// operator reads the operator at the current position, if there is one.
func (l *lexer) operator() string {
	rest := l.input[l.pos:]
	n := 0
	if rest != "" && isOperator(rune(rest[0])) {
		n = 1
		if (rest[0] == '<' || rest[0] == '>') && strings.HasPrefix(rest[1:], "=") {
			n = 2
		}
	}
	l.pos += n
	return rest[:n]
}

// text reads up to a rune outside of quotes that ends it, and takes the quotes away.
func (l *lexer) text(ends func(rune) bool) (value, error) {
	var b strings.Builder
	quoted, inside := false, false
	for l.pos < len(l.input) {
		r, size := utf8.DecodeRuneInString(l.input[l.pos:])
		switch {
		case r == '"':
			quoted, inside = true, !inside
		case inside && r == '\\':
			l.pos++
			if l.pos == len(l.input) {
				continue // the quote is open: see below
			}
			r, size = utf8.DecodeRuneInString(l.input[l.pos:])
			if r != '"' && r != '\\' {
				return value{}, l.fail(`between quotes there are only \" and \\, not `+plain(`\`+string(r)), `write \\ for a backslash`)
			}
			b.WriteRune(r)
		case !inside && ends(r):
			return value{text: b.String(), quoted: quoted}, nil
		default:
			b.WriteRune(r)
		}
		l.pos += size
	}
	if inside {
		return value{}, l.fail("a quote is not closed", `write \" for a quote inside quotes`)
	}
	return value{text: b.String(), quoted: quoted}, nil
}

// fail makes the error for a word whose end cannot be told: it shows what is there
// up to the next space.
func (l *lexer) fail(message, hint string) error {
	end := len(l.input)
	if i := strings.IndexFunc(l.input[l.pos:], unicode.IsSpace); i >= 0 {
		end = l.pos + i
	}
	return &SyntaxError{Input: l.input, Offset: l.start, Word: l.input[l.start:end], Message: message, Hint: hint}
}

func endsValue(r rune) bool  { return r == ',' || unicode.IsSpace(r) }
func isOperator(r rune) bool { return strings.ContainsRune(":=~<>", r) }

// quote writes a text so that it is read as one value.
func quote(text string) string {
	if text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r == '"' || endsValue(r) }) {
		return text
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
