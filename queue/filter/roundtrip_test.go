package filter

import (
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

// Every filter of the form that Parse returns survives being written and read.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFilter(t)
		text := Format(f)
		if len(text) > MaxLength {
			t.Skip("too long to be read")
		}
		got, err := Parse(text, now)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if !reflect.DeepEqual(got, f) {
			t.Fatalf("%s\n got %+v\nwant %+v", text, got, f)
		}
	})
}

func drawFilter(t *rapid.T) store.Filter {
	var f store.Filter
	for range rapid.IntRange(0, 6).Draw(t, "conditions") {
		drawCondition(t, &f)
	}
	for range rapid.IntRange(0, 3).Draw(t, "exclusions") {
		var n store.Filter
		drawCondition(t, &n)
		f.Not = append(f.Not, n)
	}
	return f
}

// drawCondition sets what one term can set.
func drawCondition(t *rapid.T, f *store.Filter) {
	texts := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune(`a"\,: -<>=~()`+"\u00a0")))), 1, 4)
	number := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{math.MinInt64, 0, math.MaxInt64}))
	switch field := rapid.IntRange(0, 16).Draw(t, "field"); field {
	case 0:
		f.States = store.States(rapid.Uint16Range(1, 255).Draw(t, "states") << 1)
	case 1:
		ids := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 16, 16), 1, 3).Draw(t, "ids")
		f.IDs = nil
		for _, b := range ids {
			f.IDs = append(f.IDs, store.ID(b))
		}
	case 2, 3, 4, 5, 6, 7:
		lists := []*[]string{&f.Queues, &f.Kinds, &f.Batches, &f.Tags, &f.Unique, &f.Reason}
		*lists[field-2] = texts.Draw(t, "texts")
	case 8:
		f.Error = []string{rapid.String().Draw(t, "error")}
	case 9, 10, 11, 12:
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		ranges := []*[]store.Range{&f.Attempts, &f.Recoveries, &f.Priority, &f.Index}
		*ranges[field-9] = []store.Range{{Min: min(a, b), Max: max(a, b)}}
	case 16:
		f.Fingerprints = rapid.SliceOfN(rapid.StringMatching("[0-9a-f]{12}"), 1, 3).Draw(t, "fingerprints")
	default:
		// A bound on one side only: a term has no more.
		span := lastTime.Unix() - firstTime.Unix()
		at := firstTime.Add(time.Duration(rapid.Int64Range(0, span-1).Draw(t, "seconds")) * time.Second).
			Add(time.Duration(rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")))
		pairs := [][2]*time.Time{{&f.CreatedAfter, &f.CreatedBefore}, {&f.RunAfter, &f.RunBefore}, {&f.FinalisedAfter, &f.FinalisedBefore}}
		after, before := pairs[field-13][0], pairs[field-13][1]
		if rapid.Bool().Draw(t, "after") && (before.IsZero() || at.Before(*before)) {
			*after = at
		} else if at.After(*after) {
			*before = at
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, fd := range Fields() {
		f.Add(fd.Example)
		f.Add("-" + fd.Example + " " + fd.Example)
	}
	for _, s := range []string{
		"", "-", "--", ":", "a,b", `"`, `"\`, `kind:"a\"b\\c" -tag:""`, "kidn:x", "state:fialed", "(kind:a)", "\xff", "kind:\u2028",
		"age>1w2d3h4m5s", "created>2026-11-01 created<=2026-11-03", "run_at<+1h", "attempts:-1..2", "attempts>=1 attempts<3",
		idText + "," + otherText, strings.Repeat("-age>1s ", 150), "kind:" + strings.Repeat(`\`, 3000) + `" "`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parsed, err := Parse(s, now)
		if err != nil {
			checkError(t, s, err)
			return
		}
		text := Format(parsed)
		again, err := Parse(text, now.Add(time.Hour))
		if err != nil {
			t.Fatalf("%q was written as %q: %v", s, text, err)
		}
		if !reflect.DeepEqual(again, parsed) || Format(again) != text {
			t.Fatalf("%q was written as %q\n and read as %+v\n instead of %+v", s, text, again, parsed)
		}
	})
}

// checkError holds that the error points into the input, and may be printed anywhere.
func checkError(t *testing.T, s string, err error) {
	syntax, ok := errors.AsType[*SyntaxError](err)
	if !ok {
		t.Fatalf("%q: %T is no SyntaxError", s, err)
	}
	if syntax.Input != s || !strings.HasPrefix(s[syntax.Offset:], syntax.Word) || syntax.Message == "" {
		t.Fatalf("%q: %+v", s, syntax)
	}
	text := err.Error()
	if len(text) > 2000 || strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) }) {
		t.Fatalf("%q: the message is not fit to print: %q", s, text)
	}
}
