package template

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestExpand(t *testing.T) {
	v := Values{Input: "dir/a b.tar.gz", Seq: 7, Slot: 2}
	for _, c := range []struct {
		command string // words separated by |
		want    string
	}{
		{"gzip|-9|{}", "gzip|-9|dir/a b.tar.gz"},
		{"gzip|-9", "gzip|-9|dir/a b.tar.gz"}, // nothing to replace: appended
		{"echo|{#}", "echo|7"},                // a number counts as replacement
		{"echo|{%}", "echo|2"},
		{"mv|{}|{.}", "mv|dir/a b.tar.gz|dir/a b.tar"},
		{"echo|{/}|{//}|{/.}", "echo|a b.tar.gz|dir|a b.tar"},
		{"cp|{}|out-{#}-{%}/{/.}.x", "cp|dir/a b.tar.gz|out-7-2/a b.tar.x"},
		{"echo|{}{}", "echo|dir/a b.tar.gzdir/a b.tar.gz"},
		{"echo|{{}}", "echo|{dir/a b.tar.gz}"},
		{"echo|{foo}|{|}|{ }", "echo|{foo}|{|}|{ }|dir/a b.tar.gz"},
		{"{}", "dir/a b.tar.gz"},
		{"echo||{}", "echo||dir/a b.tar.gz"}, // an empty word stays a word
	} {
		tmpl, err := Parse(strings.Split(c.command, "|"), false)
		if err != nil {
			t.Errorf("%s: %v", c.command, err)
			continue
		}
		if got := strings.Join(tmpl.Expand(v), "|"); got != c.want {
			t.Errorf("%s: got %q, want %q", c.command, got, c.want)
		}
	}
}

// TestPaths holds what GNU parallel and dirname(1) answer.
func TestPaths(t *testing.T) {
	for _, c := range []struct{ input, noExt, base, dir, baseNoExt string }{
		{"a/b.txt", "a/b", "b.txt", "a", "b"},
		{"b.txt", "b", "b.txt", ".", "b"},
		{"b", "b", "b", ".", "b"},
		{"/b", "/b", "b", "/", "b"},
		{"/", "/", "", "/", ""},
		{"//", "//", "", "/", ""},
		{"", "", "", ".", ""},
		{"a.d/b", "a.d/b", "b", "a.d", "b"},
		{"a//b.c", "a//b", "b.c", "a", "b"},
		{"a/b/", "a/b/", "", "a", ""},
		{"a/b//", "a/b//", "", "a", ""},
		{".bashrc", "", ".bashrc", ".", ""},
		{"x.", "x.", "x.", ".", "x."},
		{"x.tar.gz", "x.tar", "x.tar.gz", ".", "x.tar"},
		{"\xff/\xfe.\xfd", "\xff/\xfe", "\xfe.\xfd", "\xff", "\xfe"},
	} {
		got := []string{trimExtension(c.input), base(c.input), directory(c.input), trimExtension(base(c.input))}
		want := []string{c.noExt, c.base, c.dir, c.baseNoExt}
		if !slices.Equal(got, want) {
			t.Errorf("%q: {.} {/} {//} {/.} = %q, want %q", c.input, got, want)
		}
	}
}

func TestShell(t *testing.T) {
	tmpl, err := Parse([]string{"gzip -c {} > {.}.gz"}, true)
	if err != nil {
		t.Fatal(err)
	}
	got := tmpl.Expand(Values{Input: "it's $(x).txt"})
	want := []string{"sh", "-c", `gzip -c it\'s\ \$\(x\).txt > it\'s\ \$\(x\).gz`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := tmpl.Line(Values{Input: "a"}); got != "gzip -c a > a.gz" {
		t.Errorf("Line: %q", got)
	}
}

func TestProgram(t *testing.T) {
	for _, c := range []struct {
		word  string
		shell bool
		want  string
		fixed bool
	}{
		{"gzip", false, "gzip", true},
		{"{}", false, "", false},
		{"bin/{/}", false, "", false},
		{"echo $HOME", true, "sh", true},
	} {
		tmpl, err := Parse([]string{c.word, "x"}, c.shell)
		if err != nil {
			t.Fatal(err)
		}
		if got, fixed := tmpl.Program(); got != c.want || fixed != c.fixed {
			t.Errorf("%q: got %q, %v", c.word, got, fixed)
		}
	}
}

func TestParseRefusesNothing(t *testing.T) {
	for _, words := range [][]string{nil, {""}} {
		if _, err := Parse(words, false); err == nil {
			t.Errorf("Parse(%q) found a command", words)
		}
	}
}

// TestQuoteInARealShell proves that sh reads back what Quote and Join wrote, alone and in company.
func TestQuoteInARealShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh on this system")
	}
	echo := func(line string) string {
		out, err := exec.Command(sh, "-c", "printf '%s\\000' "+line).Output()
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		return string(out)
	}
	check := func(t interface{ Fatalf(string, ...any) }, words []string) {
		want := strings.Join(words, "\x00") + "\x00"
		if got := echo(Join(words)); got != want {
			t.Fatalf("Join: got %q, want %q", got, want)
		}
		quoted := make([]string, len(words))
		for i, w := range words {
			quoted[i] = Quote(w)
		}
		if got := echo(strings.Join(quoted, " ")); got != want {
			t.Fatalf("Quote: got %q, want %q", got, want)
		}
	}
	check(t, []string{"", " ", "\n", "a\nb", "'", `"`, `\`, "$HOME", "`id`", "$(id)", "~", "*", "a=b", "#x", "-n", "!!",
		"é", "\xff\xfe", "\x01\x7f", "a\r\n", "{a,b}", ";&|<>()[]?^", "it's", "''"})
	bytesButNUL := rapid.Map(rapid.SliceOfN(rapid.ByteRange(1, 255), 0, 40), func(b []byte) string { return string(b) })
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.SliceOfN(bytesButNUL, 1, 20).Draw(t, "words")) })
}

// TestNoEscapeFromDoubleQuotes: a quoted value between double quotes is not read back
// exactly, but runs nothing.
func TestNoEscapeFromDoubleQuotes(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh on this system")
	}
	for _, evil := range []string{"$(echo run)", "`echo run`", `"; echo run; "`, `\"; echo run; \"`, "'$(echo run)'"} {
		out, err := exec.Command(sh, "-c", `: "`+Quote(evil)+`"`).CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("run")) {
			t.Errorf("%q: %v: %q", evil, err, out)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"{}", "{.}x{/.}{//}", "{", "{{}", "a{#}b{%}", "{/./}", "\xff{}"} {
		f.Add(s, "dir/in put.txt")
	}
	f.Fuzz(func(t *testing.T, word, input string) {
		tmpl, err := Parse([]string{"echo", word}, false)
		if err != nil {
			t.Fatal(err)
		}
		args := tmpl.Expand(Values{Input: input, Seq: 1, Slot: 1})
		if len(args) < 2 || len(args) > 3 {
			t.Fatalf("%q became %d arguments", word, len(args))
		}
		// {} is the input itself, and what is no replacement string stays.
		if plain := strings.ReplaceAll(word, "{}", input); !strings.ContainsAny(word, "./#%") && args[1] != plain {
			t.Fatalf("%q became %q, want %q", word, args[1], plain)
		}
	})
}
