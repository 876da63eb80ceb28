package filter

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/store"
)

func TestCanonicalText(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "",
		"  kind:b   STATE:Running ": "state:running kind:b",
		"state:retryable,discarded": "state:failed",
		"state:discarded,finalised": "state:finalised",
		"state:dead":                "state:discarded",
		"state:running,pending":     "state:pending,running",
		"-kind:x kind:y -tag:z":     "kind:y -kind:x -tag:z",
		`kind:"a" queue:"a b",c`:    `kind:a queue:"a b",c`,
		`kind:a\b," c\\"`:           `kind:a\b," c\\"`,
		`tag:x"\""y`:                `tag:"x\"y"`,
		`batch:""`:                  `batch:""`,
		"error:a error~b":           "error~a error~b",
		"fingerprint:8C7ECA56EB16,000000000000 error~b": "error~b fingerprint:8c7eca56eb16,000000000000",
		"age>1h":                       "created<2026-11-10T09:00:00Z",
		"created>=2026-11-01":          "created>=2026-10-31T22:00:00Z",
		"run_at<=+1h30m":               "run_at<2026-11-10T11:30:00.000000001Z",
		"attempts=3":                   "attempts:3",
		"attempts>3":                   "attempts>=4",
		"attempts<3":                   "attempts<=2",
		"attempts>=3 attempts<=5":      "attempts:3..5",
		"01jd8q3z5m9xkx2t4v6w8y0abc":   "id:" + idText,
		"-" + idText + "," + otherText: "-id:" + idText + "," + otherText,
	} {
		f, err := Parse(text, now)
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
			continue
		}
		if got := Format(f); got != want {
			t.Errorf("Format(Parse(%q)) = %s, want %s", text, got, want)
		}
	}
}

// A filter that the language cannot say must never come back as another one.
func TestFormatOfWhatCannotBeSaid(t *testing.T) {
	type F = store.Filter
	many := make([]string, MaxValues+1)
	for name, c := range map[string]struct {
		f    F
		want string // "" for any
	}{
		"excluded together":     {F{Not: []F{{Kinds: []string{"a"}, Tags: []string{"b"}}}}, "-(kind:a tag:b)"},
		"errors together":       {F{Not: []F{{Error: []string{"a", "b"}}}}, "-(error~a error~b)"},
		"everything excluded":   {F{Kinds: []string{"a"}, Not: []F{{}}}, "kind:a -()"},
		"twice excluded":        {F{Not: []F{{Not: []F{{Kinds: []string{"a"}}}}}}, "-(-kind:a)"},
		"excluded but for some": {F{Not: []F{{Kinds: []string{"a"}, Not: []F{{Tags: []string{"b"}}}}}}, "-(kind:a -tag:b)"},
		"no fingerprint":        {F{Fingerprints: []string{"8c7eca"}}, "fingerprint:8c7eca"},
		"no such state":         {F{States: 1 << 12}, "state:"},
		"a range backwards":     {F{Attempts: []store.Range{{Min: 5, Max: 3}}}, "attempts:5..3"},
		"ranges apart":          {F{Attempts: []store.Range{{Min: 1, Max: 3}, {Min: 5, Max: 5}}}, "attempts:1..3 attempts:5"},
		"bytes":                 {F{Kinds: []string{"\xff"}}, "kind:\xff"},
		"the distant past":      {F{CreatedBefore: time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC)}, ""},
		"the distant future":    {F{CreatedBefore: time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC)}, ""},
		"an empty interval":     {F{RunAfter: now, RunBefore: now}, ""},
		"too many values":       {F{Kinds: many}, ""},
	} {
		text := Format(c.f)
		if c.want != "" && text != c.want {
			t.Errorf("%s: Format = %s, want %s", name, text, c.want)
		}
		if f, err := Parse(text, now); err == nil {
			t.Errorf("%s: %s was read as %+v", name, text, f)
		}
	}
}

func TestFormatOfSeveralRanges(t *testing.T) {
	f := store.Filter{Attempts: []store.Range{{Min: 2, Max: math.MaxInt64}, {Min: math.MinInt64, Max: 4}}}
	want := store.Filter{Attempts: []store.Range{{Min: 2, Max: 4}}}
	if got := parse(t, Format(f)); !reflect.DeepEqual(got, want) {
		t.Errorf("%s was read as %+v, want %+v", Format(f), got, want)
	}
}
