package template

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Values is what the replacement strings stand for.
type Values struct {
	Input string
	Seq   int64
	Slot  int
}

// Template is a parsed command. It is immutable.
type Template struct {
	words [][]part
	shell bool
}

// part is literal text, or one replacement string.
type part struct {
	text    string
	replace replacement
}

type replacement func(Values) string

// replacements are in the order in which they are looked for.
var replacements = []struct {
	name    string
	replace replacement
}{
	{"{}", func(v Values) string { return v.Input }},
	{"{.}", func(v Values) string { return trimExtension(v.Input) }},
	{"{/}", func(v Values) string { return base(v.Input) }},
	{"{//}", func(v Values) string { return directory(v.Input) }},
	{"{/.}", func(v Values) string { return trimExtension(base(v.Input)) }},
	{"{#}", func(v Values) string { return strconv.FormatInt(v.Seq, 10) }},
	{"{%}", func(v Values) string { return strconv.Itoa(v.Slot) }},
}

// Parse reads a command. With shell, the words are joined and given to sh -c.
func Parse(command []string, shell bool) (*Template, error) {
	if len(command) == 0 || command[0] == "" {
		return nil, errors.New("there is no command to run")
	}
	t := &Template{shell: shell}
	replaced := false
	for _, w := range command {
		parts := parse(w)
		replaced = replaced || slices.ContainsFunc(parts, func(p part) bool { return p.replace != nil })
		t.words = append(t.words, parts)
	}
	if !replaced {
		t.words = append(t.words, parse("{}"))
	}
	return t, nil
}

func parse(word string) []part {
	var parts []part
	literal := 0 // where the literal text before i begins
	for i := 0; i < len(word); {
		n, replace := match(word[i:])
		if n == 0 {
			i++
			continue
		}
		if literal < i {
			parts = append(parts, part{text: word[literal:i]})
		}
		parts = append(parts, part{replace: replace})
		i += n
		literal = i
	}
	if literal < len(word) {
		parts = append(parts, part{text: word[literal:]})
	}
	return parts
}

// match returns the replacement string that s begins with, and its length.
func match(s string) (int, replacement) {
	if s[0] != '{' {
		return 0, nil
	}
	for _, r := range replacements {
		if strings.HasPrefix(s, r.name) {
			return len(r.name), r.replace
		}
	}
	return 0, nil
}

// Shell tells whether a shell runs the command.
func (t *Template) Shell() bool { return t.shell }

// Program returns the name of the program that every input runs, or false if it depends
// on the input.
func (t *Template) Program() (string, bool) {
	if t.shell {
		return "sh", true
	}
	var b strings.Builder
	for _, p := range t.words[0] {
		if p.replace != nil {
			return "", false
		}
		b.WriteString(p.text)
	}
	return b.String(), true
}

// Expand returns the arguments of the command, its name first.
func (t *Template) Expand(v Values) []string {
	if t.shell {
		return []string{"sh", "-c", t.join(v)}
	}
	args := make([]string, len(t.words))
	for i, w := range t.words {
		if len(w) == 1 && w[0].replace == nil {
			args[i] = w[0].text
			continue
		}
		var b strings.Builder
		for _, p := range w {
			if p.replace != nil {
				b.WriteString(p.replace(v))
			} else {
				b.WriteString(p.text)
			}
		}
		args[i] = b.String()
	}
	return args
}

// Line returns the command as one line that a shell would read the same way.
func (t *Template) Line(v Values) string {
	if t.shell {
		return t.join(v)
	}
	return Join(t.Expand(v))
}

// join writes the template as it is, with each replaced value quoted.
func (t *Template) join(v Values) string {
	var b strings.Builder
	for i, w := range t.words {
		if i > 0 {
			b.WriteByte(' ')
		}
		for _, p := range w {
			if p.replace != nil {
				b.WriteString(Quote(p.replace(v)))
			} else {
				b.WriteString(p.text)
			}
		}
	}
	return b.String()
}
