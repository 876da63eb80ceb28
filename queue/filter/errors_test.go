package filter

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

const (
	listedFields = "there are id, state, kind, queue, batch, index, tag, unique, reason, error, fingerprint, age, created, run_at, finalised, attempts, recoveries, priority"
	listedStates = "there are pending, available, scheduled, running, retryable, completed, cancelled, discarded, dead, failed, finalised"
)

// The messages are part of what people rely on, so they stand here word for word.
func TestErrors(t *testing.T) {
	const expected = "expected a field, an operator and a value"
	const logic = "a space means and, a comma means or, a leading - means not"
	for _, c := range []struct {
		name, text string
		offset     int
		want       string
	}{
		{"unknown field", "kind:a nope:resize", 7, `bad filter at "nope:resize": no field is called "nope": ` + listedFields},
		{"field with a slip", "kidn:resize", 0, `bad filter at "kidn:resize": no field is called "kidn": ` + listedFields + `; did you mean kind:resize?`},
		{"field of the JSON", "created_at>1h", 0, `bad filter at "created_at>1h": no field is called "created_at": ` + listedFields + `; did you mean created>1h?`},
		{"field missing", ":a", 0, `bad filter at ":a": a field is missing before ":"; for example kind:resize`},
		{"parentheses", "(kind:a tag:b)", 0, `bad filter at "(kind:a": there are no parentheses in this language; ` + logic},

		{"unknown state", "state:nope", 0, `bad filter at "state:nope": no state is called "nope": ` + listedStates},
		{"state with a slip", "-state:failed,compleeted", 0, `bad filter at "-state:failed,compleeted": no state is called "compleeted": ` + listedStates + `; did you mean completed?`},
		{"empty state", `state:""`, 0, "bad filter at `state:\"\"`: no state is called \"\": " + listedStates},

		{"bare word", "  resize  kind:a", 2, `bad filter at "resize": ` + expected + `; did you mean kind:resize or error~resize?`},
		{"bare quoted word", `"timed out"`, 0, "bad filter at `\"timed out\"`: " + expected + `; did you mean kind:"timed out" or error~"timed out"?`},
		{"bare state", "Failed", 0, `bad filter at "Failed": ` + expected + `; did you mean state:failed?`},
		{"spaces round an operator", "age > 1h", 0, `bad filter at "age": ` + expected + `; for example age>1h, without spaces`},
		{"or", "kind:a OR tag:b", 7, `bad filter at "OR": ` + expected + `; ` + logic},
		{"bare parenthesis", "(", 0, `bad filter at "(": ` + expected + `; ` + logic},
		{"bare word after a minus", "-resize", 0, `bad filter at "-resize": ` + expected + `; did you mean -kind:resize or -error~resize?`},
		{"slip after a minus", "-kidn:resize", 0, `bad filter at "-kidn:resize": no field is called "kidn": ` + listedFields + `; did you mean -kind:resize?`},
		{"not not equal", "-state!=failed", 0, `bad filter at "-state!=failed": there is no operator "!="; did you mean state:failed?`},
		{"only a minus", "kind:a - kind:b", 7, `bad filter at "-": nothing follows the -; for example -kind:resize`},

		{"value missing", "kind: resize", 0, `bad filter at "kind:": a value is missing; write no space beside an operator or a comma; the empty text is ""`},
		{"value missing in a list", "kind:a,,b", 0, `bad filter at "kind:a,,b": a value is missing; write no space beside an operator or a comma; the empty text is ""`},
		{"value missing at the end", "kind:a, b", 0, `bad filter at "kind:a,": a value is missing; write no space beside an operator or a comma; the empty text is ""`},

		{"wrong operator", "kind=resize", 0, `bad filter at "kind=resize": kind has no operator =, only :; did you mean kind:resize?`},
		{"wrong operator and no value", "kind=", 0, `bad filter at "kind=": kind has no operator =, only :; for example kind:resize`},
		{"wrong operator for a text", "error>=x", 0, `bad filter at "error>=x": error has no operator >=, only ~ :; did you mean error~x?`},
		{"wrong operator for a number", "attempts~3", 0, `bad filter at "attempts~3": attempts has no operator ~, only : = > >= < <=; did you mean attempts:3?`},
		{"wrong operator for a time", "created:2026-11-01", 0, `bad filter at "created:2026-11-01": created has no operator :, only > >= < <=; for example created>=2026-11-01`},
		{"not equal", "state!=failed", 0, `bad filter at "state!=failed": there is no operator "!="; did you mean -state:failed?`},

		{"open quote", `kind:a error~"timed out`, 7, "bad filter at `error~\"timed out`: a quote is not closed; write \\\" for a quote inside quotes"},
		{"open quote after a backslash", `error~"a\`, 0, "bad filter at `error~\"a\\`: a quote is not closed; write \\\" for a quote inside quotes"},
		{"open quote with an escape", `error~"a\"`, 0, "bad filter at `error~\"a\\\"`: a quote is not closed; write \\\" for a quote inside quotes"},
		{"unknown escape", `kind:"C:\temp" tag:a`, 0, "bad filter at `kind:\"C:\\temp\"`: between quotes there are only \\\" and \\\\, not \\t; write \\\\ for a backslash"},

		{"bad id", "id:7", 0, `bad filter at "id:7": "7" is not a job id; an id has 26 letters and digits, like 01JD8Q3Z5M9XKX2T4V6W8Y0ABC`},
		{"bad bare id", "81JD8Q3Z5M9XKX2T4V6W8Y0ABC", 0, `bad filter at "81JD8Q3Z5M9XKX2T4V6W8Y0ABC": "81JD8Q3Z5M9XKX2T4V6W8Y0ABC" is not a job id; an id has 26 letters and digits, like 01JD8Q3Z5M9XKX2T4V6W8Y0ABC`},

		{"bad fingerprint", "fingerprint:8c7eca", 0, `bad filter at "fingerprint:8c7eca": "8c7eca" is no fingerprint; a fingerprint has 12 hexadecimal digits, like 8c7eca56eb16`},
		{"bad digit of a fingerprint", "fingerprint:8c7eca56eb1g", 0, `bad filter at "fingerprint:8c7eca56eb1g": "8c7eca56eb1g" is no fingerprint; a fingerprint has 12 hexadecimal digits, like 8c7eca56eb16`},
		{"no fingerprint", `fingerprint:""`, 0, "bad filter at `fingerprint:\"\"`: \"\" is no fingerprint; a fingerprint has 12 hexadecimal digits, like 8c7eca56eb16"},
		{"fingerprint twice", "fingerprint:8c7eca56eb16 fingerprint:000000000000", 25, `bad filter at "fingerprint:000000000000": fingerprint stands here twice, and no job can match both; did you mean fingerprint:8c7eca56eb16,000000000000?`},
		{"fingerprint with a slip", "fingerprnt:8c7eca56eb16", 0, `bad filter at "fingerprnt:8c7eca56eb16": no field is called "fingerprnt": ` + listedFields + `; did you mean fingerprint:8c7eca56eb16?`},

		{"kind twice", `kind:a kind:"b c"`, 7, "bad filter at `kind:\"b c\"`: kind stands here twice, and no job can match both; did you mean kind:a,\"b c\"?"},
		{"state twice", "state:dead state:failed", 11, `bad filter at "state:failed": state stands here twice, and no job can match both; did you mean state:discarded,failed?`},
		{"id twice", idText + " " + otherText, 27, `bad filter at "` + otherText + `": id stands here twice, and no job can match both; did you mean id:` + idText + `,` + otherText + `?`},
		{"tag twice", "tag:a tag:b", 6, `bad filter at "tag:b": tag stands here twice, and one filter cannot ask for two tags of a job; tag:a,b selects jobs that have either`},
		{"list of errors", "error~a,b", 0, `bad filter at "error~a,b": error takes one text; did you mean error~"a,b"?`},

		{"not a number", "attempts>=x", 0, `bad filter at "attempts>=x": attempts needs a whole number of 64 bits or a range, not "x"; for example attempts:3, attempts:1..3 or attempts>=3`},
		{"half a range", "attempts:3..", 0, `bad filter at "attempts:3..": attempts needs a whole number of 64 bits or a range, not "3.."; for example attempts:3, attempts:1..3 or attempts>=3`},
		{"too large a number", "index:9223372036854775808", 0, `bad filter at "index:9223372036854775808": index needs a whole number of 64 bits or a range, not "9223372036854775808"; for example index:3, index:1..3 or index>=3`},
		{"list of numbers", "attempts:1,2", 0, `bad filter at "attempts:1,2": attempts takes one number or range; for example attempts:1..3`},
		{"range backwards", "attempts:5..3", 0, `bad filter at "attempts:5..3": the range begins behind its end; did you mean attempts:3..5?`},
		{"range after a comparison", "attempts>3..5", 0, `bad filter at "attempts>3..5": a range follows a colon, not >; did you mean attempts:3..5?`},
		{"no number", "attempts>5 attempts<6", 11, `bad filter at "attempts<6": no job can match this together with what stands before it`},
		{"nothing is larger", "index>9223372036854775807", 0, `bad filter at "index>9223372036854775807": no number is larger`},
		{"nothing is smaller", "index<-9223372036854775808", 0, `bad filter at "index<-9223372036854775808": no number is smaller`},

		{"not a time", "created>yesterday", 0, `bad filter at "created>yesterday": created needs a time, a date or a duration, not "yesterday"; for example created>=2026-11-01, created<2026-11-01T08:00:00Z or created>2d, which is two days ago`},
		{"time without a zone", "run_at<2026-11-01T08:00:00", 0, `bad filter at "run_at<2026-11-01T08:00:00": run_at needs a time, a date or a duration, not "2026-11-01T08:00:00"; add the time zone: run_at<2026-11-01T08:00:00Z for UTC`},
		{"no such day", "created>2026-02-30", 0, `bad filter at "created>2026-02-30": created needs a time, a date or a duration, not "2026-02-30"; for example created>=2026-11-01, created<2026-11-01T08:00:00Z or created>2d, which is two days ago`},
		{"list of times", "created>1d,2d", 0, `bad filter at "created>1d,2d": created takes one time; for example created>=2026-11-01, created<2026-11-01T08:00:00Z or created>2d, which is two days ago`},
		{"time too early", "created<0001-01-01T00:00:00Z", 0, `bad filter at "created<0001-01-01T00:00:00Z": "0001-01-01T00:00:00Z" lies outside of the years 1970 to 2261`},
		{"time too late", "run_at>2262-01-01T00:00:00Z", 0, `bad filter at "run_at>2262-01-01T00:00:00Z": "2262-01-01T00:00:00Z" lies outside of the years 1970 to 2261`},
		{"no time", "created>1d created<2d", 11, `bad filter at "created<2d": no job can match this together with what stands before it`},
		{"no age", "age>1h age<=1h", 7, `bad filter at "age<=1h": no job can match this together with what stands before it`},
		{"not an age", "age>1", 0, `bad filter at "age>1": age needs one duration, not "1"; for example 90s, 15m, 1h30m, 2d or 1w`},
		{"age in unknown units", "age>1y", 0, `bad filter at "age>1y": age needs one duration, not "1y"; for example 90s, 15m, 1h30m, 2d or 1w`},
		{"age without a number", "age>h", 0, `bad filter at "age>h": age needs one duration, not "h"; for example 90s, 15m, 1h30m, 2d or 1w`},
		{"age too large", "age>99999999999w", 0, `bad filter at "age>99999999999w": age needs one duration, not "99999999999w"; for example 90s, 15m, 1h30m, 2d or 1w`},
		{"sum of an age too large", "age>15000w15000w", 0, `bad filter at "age>15000w15000w": age needs one duration, not "15000w15000w"; for example 90s, 15m, 1h30m, 2d or 1w`},
		{"list of ages", "age>1h,2h", 0, `bad filter at "age>1h,2h": age needs one duration, not "1h,2h"; for example 90s, 15m, 1h30m, 2d or 1w`},

		{"not UTF-8", "kind:a\xff", 6, `bad filter: byte 6 is not valid UTF-8`},
		{"too long", strings.Repeat("x", MaxLength+1), 0, `bad filter: the text has 4097 bytes, the limit is 4096`},
		{"too long when written out", strings.Repeat("-age>1s ", 200), 0, `bad filter: the canonical text has 5999 bytes, the limit is 4096`},
		{"too many values", "tag:" + strings.Repeat("a,", 200) + "a -tag:" + strings.Repeat("a,", 55) + "a", 406,
			`bad filter at "-tag:a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a…": the text has more than 256 values`},
		{"a long word is cut", strings.Repeat("é", 100), 0, `bad filter at "` + strings.Repeat("é", 60) + `…": ` + expected + `; did you mean kind:` + strings.Repeat("é", 55) + `…?`},
		{"what moves a cursor is escaped", "\x1b[2J", 0, `bad filter at "\x1b[2J": ` + expected + `; did you mean "kind:\x1b[2J or error~\x1b[2J"?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Parse(c.text, now)
			syntax, ok := errors.AsType[*SyntaxError](err)
			if !ok {
				t.Fatalf("Parse(%q) = %+v, %v; want a SyntaxError", c.text, f, err)
			}
			if got := err.Error(); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			if syntax.Offset != c.offset || syntax.Input != c.text || !strings.HasPrefix(c.text[syntax.Offset:], syntax.Word) {
				t.Errorf("offset %d, want %d; word %q", syntax.Offset, c.offset, syntax.Word)
			}
		})
	}
}

func TestTheLimitsAreReached(t *testing.T) {
	parse(t, "kind:"+strings.Repeat("x", MaxLength-len("kind:")))
	if n := len(parse(t, "tag:"+strings.Repeat("a,", MaxValues-1)+"a").Tags); n != MaxValues {
		t.Errorf("%d tags, want %d", n, MaxValues)
	}
}

func TestNearest(t *testing.T) {
	for word, want := range map[string]string{
		"kind": "kind", "knd": "kind", "kinds": "kind", "tga": "tag", "status": "state", "attempt": "attempts", "queues": "queue",
		"created_at": "created", "finalised_at": "finalised", "prio": "priority", "finalized": "finalised", "errors": "error",
		"": "", "x": "", "name": "", "zzzzzz": "",
	} {
		if got := nearest(word, fieldNames()); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func ExampleSyntaxError() {
	_, err := Parse("state:failed kidn:resize", now)
	if e, ok := errors.AsType[*SyntaxError](err); ok {
		fmt.Println(e.Input)
		fmt.Println(strings.Repeat(" ", e.Offset) + strings.Repeat("^", len(e.Word)))
		fmt.Println(e.Hint)
	}
	// Output:
	// state:failed kidn:resize
	//              ^^^^^^^^^^^
	// did you mean kind:resize?
}
