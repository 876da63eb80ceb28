package main

import (
	"strings"
	"testing"
	"time"
)

func TestRelative(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "now"},
		{400 * time.Millisecond, "now"},
		{-time.Second, "1s ago"},
		{59 * time.Second, "in 59s"},
		{2*time.Hour - time.Millisecond, "in 2h"},
		{-90 * time.Minute, "1h ago"},
		{-30 * time.Hour, "30h ago"},
		{3 * day, "in 3d"},
		{-400 * day, "400d ago"},
		{-800 * day, "2y ago"},
		{-1 << 63, "292y ago"},
		{1<<63 - 1, "in 292y"},
	} {
		if got := relative(c.d); got != c.want {
			t.Errorf("%v: %q, want %q", c.d, got, c.want)
		}
	}
}

func TestAbsolute(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 5e6, time.UTC)
	a := newApp(nil, nil, nil)
	for style, want := range map[timeStyle]string{timesISO: "2026-11-22T12:00:00.005Z", timesUnix: "1795348800.005"} {
		if a.times = style; a.absolute(at, ".000") != want {
			t.Errorf("%s: %s, want %s", style, a.absolute(at, ".000"), want)
		}
	}
}

func TestSparkline(t *testing.T) {
	for _, c := range []struct {
		counts []int64
		width  int
		want   string
	}{
		{nil, 10, ""},
		{[]int64{0, 0, 0}, 10, ""},
		{[]int64{0, 1, 100}, 10, "▁▂█"},
		{[]int64{1, 1, 2, 2, 7, 7}, 3, "▂▃█"},
		{[]int64{5, 5, 5, 5}, 3, "██"},
	} {
		if got := sparkline(c.counts, c.width); got != c.want {
			t.Errorf("%v: %s, want %s", c.counts, got, c.want)
		}
	}
}

func TestSpanAndRate(t *testing.T) {
	for in, want := range map[string]time.Duration{"90s": 90 * time.Second, "7d": 7 * 24 * time.Hour, "1w2d": 9 * 24 * time.Hour, "1h30m": 90 * time.Minute, "1.5h": 90 * time.Minute} {
		var d span
		if err := d.Set(in); err != nil || time.Duration(d) != want {
			t.Errorf("%s: %v, %v", in, d, err)
		}
	}
	for _, in := range []string{"", "x", "-1d", "+1d", "7", "2026-11-01", "-5s"} {
		var d span
		if err := d.Set(in); err == nil {
			t.Errorf("%q is %v", in, time.Duration(d))
		}
	}
	for in, want := range map[string]string{"50/s": "50/s", "5": "5/s", "20/m": "20/m", "90/min": "1.5/s", "0": ""} {
		var r rate
		if err := r.Set(in); err != nil || r.String() != want {
			t.Errorf("%s: %q, %v", in, r.String(), err)
		}
	}
	for _, in := range []string{"", "x", "-1", "5/", "5/d", "NaN", "Inf", "1e300"} {
		var r rate
		if err := r.Set(in); err == nil {
			t.Errorf("%q is %v", in, float64(r))
		}
	}
}

func TestWrongID(t *testing.T) {
	for id, want := range map[string]string{
		"01JD8Q3Z5M9XKX2T4V6W8Y0AUC":  `character 25 is "U"`,
		"01JD8Q3Z5M9XKX2T4V6W8Y0AB":   "it has 25 characters",
		"01JD8Q3Z5M9XKX2T4V6W8Y0ABCD": "it has 27 characters",
		"91JD8Q3Z5M9XKX2T4V6W8Y0ABC":  `it begins with "9"`,
		"17":                          "bgq jobs list shows the ids",
	} {
		_, err := parseIDs([]string{id})
		if codeOf(err) != exitUsage || !strings.Contains(hintOf(err), want) {
			t.Errorf("%s: %v (%s)", id, err, hintOf(err))
		}
	}
}
