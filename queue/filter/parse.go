package filter

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bgq-dev/bgq/store"
)

// The limits of a text. A text whose canonical form would be longer than MaxLength
// is refused as well.
const (
	MaxLength = 4096 // bytes
	MaxValues = 256
)

// Parse reads the text of a filter. Durations count from now, and a date is a day
// in the time zone of now; the times of the filter itself are in UTC.
//
// The error is a [*SyntaxError]. The filter beside it is the zero value, which
// selects every job: do not use it.
func Parse(s string, now time.Time) (store.Filter, error) {
	if len(s) > MaxLength {
		return store.Filter{}, tooLong(s, "the text", len(s))
	}
	if i := invalidUTF8(s); i >= 0 {
		return store.Filter{}, &SyntaxError{Input: s, Offset: i, Message: fmt.Sprintf("byte %d is not valid UTF-8", i)}
	}
	var f store.Filter
	l := lexer{input: s}
	for l.more() {
		t, err := l.term()
		if err != nil {
			return store.Filter{}, err
		}
		if err := t.narrow(&f, now); err != nil {
			return store.Filter{}, err
		}
	}
	if n := len(Format(f)); n > MaxLength {
		return store.Filter{}, tooLong(s, "the canonical text", n)
	}
	return f, nil
}

func tooLong(s, what string, n int) error {
	return &SyntaxError{Input: s, Message: fmt.Sprintf("%s has %d bytes, the limit is %d", what, n, MaxLength)}
}

// invalidUTF8 returns where s stops being UTF-8, or -1.
func invalidUTF8(s string) int {
	for i, r := range s {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
			return i
		}
	}
	return -1
}

// narrow adds the condition of the term to f.
func (t *term) narrow(f *store.Filter, now time.Time) error {
	fd, err := t.find()
	if err != nil {
		return err
	}
	if err := t.check(fd); err != nil {
		return err
	}
	if !t.not {
		return fd.syntax.read(t, f, now)
	}
	var n store.Filter
	if err := fd.syntax.read(t, &n, now); err != nil {
		return err
	}
	f.Not = append(f.Not, n)
	return nil
}

// find returns the field of the term. It makes a bare id a term of the field id.
func (t *term) find() (*field, error) {
	if t.op == "" {
		if !t.looksLikeIDs() {
			return nil, t.bareWord()
		}
		t.name, t.op = "id", ":"
	}
	if t.name == "" {
		return nil, t.fail(fmt.Sprintf("a field is missing before %q", t.op), "for example kind:resize")
	}
	if fd := fieldNamed(t.name); fd != nil {
		return fd, nil
	}
	if name, ok := strings.CutSuffix(t.name, "!"); ok && t.op == "=" {
		opposite := term{not: !t.not}
		return nil, t.fail(`there is no operator "!="`, opposite.instead(name+":"+t.raw))
	}
	if strings.ContainsAny(t.name, "()") {
		return nil, t.fail("there are no parentheses in this language", logicHint)
	}
	hint := ""
	if near := nearest(t.name, fieldNames()); near != "" {
		hint = t.instead(near + t.op + t.raw)
	}
	return nil, t.fail(fmt.Sprintf("no field is called %s: there are %s", show(t.name), strings.Join(fieldNames(), ", ")), hint)
}

const logicHint = "a space means and, a comma means or, a leading - means not"

// looksLikeIDs tells whether the bare word can only be meant as a list of ids.
// Whether they are valid is seen later.
func (t *term) looksLikeIDs() bool {
	return !slices.ContainsFunc(t.values, func(v value) bool {
		return len(v.text) != idLength || strings.ContainsFunc(v.text, func(r rune) bool {
			return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
		})
	})
}

const idLength = len("01JD8Q3Z5M9XKX2T4V6W8Y0ABC")

// bareWord refuses a word that has no operator.
func (t *term) bareWord() error {
	if t.raw == "" {
		return t.fail("nothing follows the -", "for example -kind:resize")
	}
	word := strings.ToLower(t.raw)
	hint := t.instead("kind:"+t.raw, "error~"+t.raw)
	if fd := fieldNamed(word); fd != nil {
		hint = "for example " + fd.Example + ", without spaces"
	} else if _, ok := stateSets[word]; ok {
		hint = t.instead("state:" + word)
	} else if slices.Contains([]string{"and", "or", "not", "&&", "||", "&", "|", "!"}, word) || strings.ContainsAny(word, "()") {
		hint = logicHint
	}
	return t.fail("expected a field, an operator and a value", hint)
}

// check refuses an operator that the field does not have, and missing values.
func (t *term) check(fd *field) error {
	if !slices.Contains(fd.Operators, t.op) {
		hint := "for example " + fd.Example
		if first := fd.Operators[0]; first != ">" && t.raw != "" {
			hint = t.instead(t.name + first + t.raw)
		}
		return t.fail(fmt.Sprintf("%s has no operator %s, only %s", t.name, t.op, strings.Join(fd.Operators, " ")), hint)
	}
	for _, v := range t.values {
		if v.text == "" && !v.quoted {
			return t.fail("a value is missing", `write no space beside an operator or a comma; the empty text is ""`)
		}
	}
	return nil
}
