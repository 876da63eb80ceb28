package main

import (
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
	"pgregory.net/rapid"
)

func TestTable(t *testing.T) {
	var out strings.Builder
	tab := newTable(newApp(nil, &out, nil), []column{{name: "ID"}, {name: "N", right: true}, {name: "TEXT", flex: true}})
	write := func(rows ...[]string) {
		if err := tab.write(rows); err != nil {
			t.Fatal(err)
		}
	}
	tab.limit = 24
	write([]string{"a", "1", "short"}, []string{"bcd", "1,000", "much too long for this"})
	write([]string{"e", "7", "文字文字文字文字文字"}, []string{"f", "8", ""})
	want := `ID       N  TEXT
a        1  short
bcd  1,000  much too lo…
e        7  文字文字文…
f        8
`
	if out.String() != want {
		t.Errorf("got:\n%swant:\n%s", out.String(), want)
	}
}

// A table is never wider than the terminal.
func TestTableFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var out strings.Builder
		tab := newTable(newApp(nil, &out, nil), []column{{name: "ID"}, {name: "KIND", flex: true}, {name: "ERROR", flex: true}})
		tab.limit = rapid.IntRange(5, 200).Draw(t, "width")
		cell := rapid.StringN(0, 300, -1)
		var rows [][]string
		for range rapid.IntRange(1, 5).Draw(t, "rows") {
			rows = append(rows, []string{"0123456789", clean(cell.Draw(t, "kind")), clean(cell.Draw(t, "error"))})
		}
		if err := tab.write(rows); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "\n"); n != len(rows)+1 {
			t.Fatalf("%d rows make %d lines:\n%s", len(rows), n, out.String())
		}
		for line := range strings.Lines(out.String()) {
			if w := text.StringWidthWithoutEscSequences(strings.TrimRight(line, "\n")); w > tab.limit {
				t.Fatalf("%d columns wide, the terminal has %d: %q", w, tab.limit, line)
			}
		}
	})
}
