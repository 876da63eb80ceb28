package main

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
)

// size writes a number of bytes for people.
func size(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// number writes a count for people.
func number(n int64) string { return humanize.Comma(n) }

// plural writes a count with its noun.
func plural(n int64, noun string) string { return plurals(n, noun, noun+"s") }

// plurals is plural for nouns that do not just take an s.
func plurals(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func percent(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return fmt.Sprintf(" (%.0f %%)", float64(part)/float64(whole)*100)
}

// quoted is a reason in the words of who gave it, or nothing.
func quoted(reason string) string {
	if reason == "" {
		return ""
	}
	return fmt.Sprintf(`: "%s"`, clean(reason))
}

func indent(s, by string) string { return strings.ReplaceAll(s, "\n", "\n"+by) }

// self is how this command is called to get to the same queue.
func (a *app) self() string {
	switch {
	case a.addrGiven:
		return "bgq --addr " + shellQuote(a.addr)
	case a.addr == "" && a.db != defaultFile():
		return "bgq --db " + shellQuote(a.db)
	}
	return "bgq"
}

// shellQuote makes s one word of a POSIX shell.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@%=,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(clean(s), "'", `'\''`) + "'"
}

// bars are the steps of a sparkline.
var bars = []rune("▁▂▃▄▅▆▇█")

// sparkline draws counts, oldest first, in at most so many characters. Nothing at all is no line.
func sparkline(counts []int64, width int) string {
	if len(counts) == 0 {
		return ""
	}
	each := (len(counts) + width - 1) / width
	var sums []int64
	var most int64
	for i := 0; i < len(counts); i += each {
		var sum int64
		for _, n := range counts[i:min(i+each, len(counts))] {
			sum += n
		}
		sums = append(sums, sum)
		most = max(most, sum)
	}
	if most == 0 {
		return ""
	}
	var b strings.Builder
	for _, n := range sums {
		step := (n*int64(len(bars)-1) + most - 1) / most // anything is more than nothing
		b.WriteRune(bars[step])
	}
	return b.String()
}
