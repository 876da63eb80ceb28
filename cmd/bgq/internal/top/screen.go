package top

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// style is how a text looks.
type style string

// The styles, as parameters of the escape sequence that begins them.
const (
	plain   style = ""
	bold    style = "1"
	faint   style = "2"
	red     style = "31"
	green   style = "32"
	yellow  style = "33"
	cyan    style = "36"
	reverse style = "7"
)

// span is a text in a style.
type span struct {
	style style
	text  string
}

// line is a line of the screen.
type line []span

// words is a line with one text.
func words(s style, t string) line { return line{{s, t}} }

// screen turns lines into what a terminal is sent. It is the only place that does.
type screen struct {
	clean   func(string) string
	colours bool
	width   int // 0: nothing is cut
}

// render returns the lines, each cut to the width.
func (s *screen) render(lines []line) string {
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		s.line(&b, l)
	}
	return b.String()
}

func (s *screen) line(b *strings.Builder, l line) {
	var out strings.Builder
	left := s.width
	for _, p := range l {
		t := s.clean(p.text)
		if s.width > 0 {
			t = text.Snip(t, left, "…")
			left -= text.StringWidthWithoutEscSequences(t)
		}
		if s.colours && p.style != plain && t != "" {
			t = "\x1b[" + string(p.style) + "m" + t + "\x1b[0m"
		}
		out.WriteString(t)
		if s.width > 0 && left <= 0 {
			break
		}
	}
	if s.colours {
		b.WriteString(out.String())
		return
	}
	b.WriteString(strings.TrimRight(out.String(), " "))
}

// wrap breaks a text that may have several lines into lines that fit: between words, if there are any.
func (s *screen) wrap(st style, t string) []line {
	t = strings.ReplaceAll(t, "\r\n", "\n")
	var out []line
	for part := range strings.SplitSeq(strings.TrimRight(t, "\n"), "\n") {
		part = s.clean(strings.ReplaceAll(part, "\t", "    "))
		if s.width <= 0 {
			out = append(out, words(st, part))
			continue
		}
		for {
			head := text.Trim(part, s.width)
			rest := part[len(head):]
			if i := strings.LastIndexByte(head, ' '); rest != "" && i > len(head)/2 {
				head, rest = head[:i], part[i+1:]
			}
			out = append(out, words(st, head))
			if part = rest; part == "" || head == "" {
				break
			}
		}
	}
	return out
}

// hang writes a text beside a head, all its lines indented.
func (s *screen) hang(indent int, head span, st style, t string) []line {
	narrow := *s
	if s.width > 0 {
		narrow.width = max(s.width-indent, leastFlex)
	}
	lines := narrow.wrap(st, t)
	for i := range lines {
		h := span{plain, strings.Repeat(" ", indent)}
		if i == 0 {
			h = span{head.style, head.text + strings.Repeat(" ", max(indent-len(head.text), 0))}
		}
		lines[i] = append(line{h}, lines[i]...)
	}
	return lines
}
