package store

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPattern(t *testing.T) {
	for message, want := range map[string]string{
		"":                                            "",
		"no paper":                                    "no paper",
		"first line\nsecond line 7":                   "first line",
		"timeout after 30s":                           "timeout after …",
		"line 3: 1.5,2 is no date":                    "line …: … is no date",
		"dial tcp 10.0.0.7:5432: i/o timeout":         "dial tcp …: i/o timeout",
		`open "a b.txt": no such file`:                "open …: no such file",
		"can't open 'x' twice":                        "can't open … twice",
		"write /thumbs/9.jpg: no space left":          "write …: no space left",
		"read /etc/über/конфиг.toml: EOF":             "read …: EOF",
		"a/b is no ratio":                             "a/b is no ratio",
		"and/or":                                      "and/or",
		"job 01JD8Q3Z5M9XKX2T4V6W8Y0ABC":              "job …",
		"no row 7c9e6679-7425-40de-944b-e07fc1f90ae7": "no row …",
		"commit deadbeef is gone":                     "commit … is gone",
		"commit 3fe1c0a7b2 is gone":                   "commit … is gone",
		"fault at 0x4f":                               "fault at …",
		"the facade faded":                            "the facade faded",
		"user42 and img_9-b7 differ":                  "… and … differ",
		"sending to f499@example.org: refused":        "sending to …: refused",
		"größe7 is wrong":                             "… is wrong",
		"HTTP 503":                                    "HTTP …",
		`unclosed "quote`:                             `unclosed "quote`,
	} {
		if got := (&Failure{Message: message}).Pattern(); got != want {
			t.Errorf("%q: got %q, want %q", message, got, want)
		}
	}
}

// What varies far behind makes no other pattern, and no message a long one.
func TestPatternIsBounded(t *testing.T) {
	long := strings.Repeat("é", maxPattern)
	for _, message := range []string{long, long + " 7", "a" + long, strings.Repeat("1 x ", 1<<16), "\xff\xfe broken"} {
		got := (&Failure{Message: message}).Pattern()
		if len(got) > maxPattern || !utf8.ValidString(got) {
			t.Errorf("a pattern has %d bytes: %q", len(got), got)
		}
	}
	a := &Failure{Message: strings.Repeat("x", 290) + ` "` + strings.Repeat("a", 100) + `"`}
	b := &Failure{Message: strings.Repeat("x", 290) + ` "` + strings.Repeat("b", 50) + `"`}
	if a.Pattern() != b.Pattern() {
		t.Errorf("%q is not %q", a.Pattern(), b.Pattern())
	}
}

func TestFingerprint(t *testing.T) {
	f := Failure{Kind: FailError, Message: "open /tmp/a/7: no such file", Chain: []Cause{{Type: "*fs.PathError"}, {Type: "syscall.Errno"}}}
	if got, want := f.Fingerprint("resize"), "8c7eca56eb16"; got != want {
		t.Errorf("the fingerprint is %s, want %s: those that people have noted down are not found any more", got, want)
	}
	same := f
	same.Message, same.Attempt, same.Stack = "open /tmp/b/9: no such file\nand more", 3, "stack"
	if same.Fingerprint("resize") != f.Fingerprint("resize") {
		t.Error("the same trouble has two fingerprints")
	}
	for name, change := range map[string]func(*Failure){
		"message": func(f *Failure) { f.Message = "open /tmp/a/7: permission denied" },
		"kind":    func(f *Failure) { f.Kind = FailPanic },
		"type":    func(f *Failure) { f.Chain = []Cause{{Type: "*os.LinkError"}} },
	} {
		other := f
		change(&other)
		if other.Fingerprint("resize") == f.Fingerprint("resize") {
			t.Errorf("another %s, and yet the same fingerprint", name)
		}
	}
	if f.Fingerprint("mail") == f.Fingerprint("resize") {
		t.Error("two kinds of jobs have the same fingerprint")
	}
	if !regexp.MustCompile("^[0-9a-f]{12}$").MatchString((&Failure{}).Fingerprint("")) {
		t.Error("the fingerprint of nothing is no fingerprint")
	}
}
