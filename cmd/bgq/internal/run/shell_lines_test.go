package run

import (
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"
	"pgregory.net/rapid"
)

// written returns the lines that come of a text that is written in these parts.
func written(parts ...string) []string {
	var got []string
	l := &lines{say: func(s string, _ ...zap.Field) { got = append(got, s) }}
	for _, p := range parts {
		if n, err := l.Write([]byte(p)); n != len(p) || err != nil {
			panic(err)
		}
	}
	l.end()
	return got
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"\n", []string{""}},
		{"a\n\nb", []string{"a", "", "b"}},
		{"a\r\nb\r", []string{"a", "b"}},
		{"\xff\n", []string{"\uFFFD"}},
		{long + "\n", []string{long}},
		{long + "y\n", []string{long, "y"}},
		{long + long + "\nz\n", []string{long, long, "z"}},
	} {
		if got := written(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%.20q: %.60q, want %.60q", c.text, got, c.want)
		}
	}
}

// It does not matter in which parts a text comes.
func TestLinesInParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-z]{0,4}\n?){0,8}`).Draw(t, "text")
		if rapid.Bool().Draw(t, "long") {
			text = strings.Repeat("x", maxLine-2) + text
		}
		cut := rapid.IntRange(0, len(text)).Draw(t, "cut")
		cut2 := rapid.IntRange(cut, len(text)).Draw(t, "cut2")
		if got, want := written(text[:cut], text[cut:cut2], text[cut2:]), written(text); !slices.Equal(got, want) {
			t.Fatalf("%.40q, want %.40q", got, want)
		}
	})
}
