package main

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ in, want, lines string }{
		{"plain 文字 é 👩‍🚀", "plain 文字 é 👩‍🚀", "plain 文字 é 👩‍🚀"},
		{"a\nb\tc", `a\nb\tc`, "a\nb\tc"},
		{"a\r\nb\rc", `a\r\nb\rc`, "a\nb\\rc"},
		{"\x1b[31mred", `\x1b[31mred`, `\x1b[31mred`},
		{"\x00\x07\x7f", `\x00\x07\x7f`, `\x00\x07\x7f`},
		{"\u0085\u009b", `\u0085\u009b`, `\u0085\u009b`},
		{"\u202egnp.exe", `\u202egnp.exe`, `\u202egnp.exe`},
		{"a\u200bb\ufeffc\u2028d", `a\u200bb\ufeffc\u2028d`, `a\u200bb\ufeffc\u2028d`},
		{"\U000e0041", `\U000e0041`, `\U000e0041`},
		{"\xff\xfe", `\xff\xfe`, `\xff\xfe`},
		{"\uFFFD", "\uFFFD", "\uFFFD"},
	} {
		if got := clean(c.in); got != c.want {
			t.Errorf("clean(%q) = %q, want %q", c.in, got, c.want)
		}
		if got := cleanLines(c.in); got != c.lines {
			t.Errorf("cleanLines(%q) = %q, want %q", c.in, got, c.lines)
		}
	}
}

func TestCleanLeavesNothingDangerous(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		for _, got := range []string{clean(s), strings.NewReplacer("\n", "", "\t", "").Replace(cleanLines(s))} {
			if !utf8.ValidString(got) || strings.ContainsFunc(got, dangerous) {
				t.Fatalf("%q became %q", s, got)
			}
		}
	})
}

func TestASCIIControlsKeepsTheValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text") + "\u009b\u202e\x7f\U000e0041"
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back string
		if err := json.Unmarshal(asciiControls(b), &back); err != nil || back != s {
			t.Fatalf("%q became %q (%v)", s, back, err)
		}
	})
}
