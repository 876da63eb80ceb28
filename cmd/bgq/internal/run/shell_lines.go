package run

import (
	"bytes"
	"strings"

	"go.uber.org/zap"
)

// maxLine is where a line is cut that does not end, in bytes.
const maxLine = 8 << 10

// lines passes on what is written to it, line by line. Each stream has its own, and its own goroutine.
type lines struct {
	say  func(string, ...zap.Field)
	rest []byte // of the last line, which has not ended
}

// Write implements [io.Writer]. It takes everything.
func (l *lines) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		part, ends := p, i >= 0
		if ends {
			part = p[:i]
		}
		if room := maxLine - len(l.rest); len(part) > room {
			part, ends = part[:room], false
		}
		l.rest = append(l.rest, part...)
		p = p[len(part):]
		if ends {
			p = p[1:]
		}
		if ends || len(l.rest) == maxLine && len(p) > 0 && p[0] != '\n' {
			l.pass()
		}
	}
	return n, nil
}

// end passes on the last line, if it did not end.
func (l *lines) end() {
	if len(l.rest) > 0 {
		l.pass()
	}
}

func (l *lines) pass() {
	l.say(strings.ToValidUTF8(string(bytes.TrimSuffix(l.rest, []byte("\r"))), "\uFFFD"))
	l.rest = l.rest[:0]
}
