package main

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// timeStyle is how tables show times. JSON always has RFC 3339.
type timeStyle string

const (
	timesRelative timeStyle = "relative" // 3h ago, in 5m
	timesISO      timeStyle = "iso"      // RFC 3339, UTC
	timesLocal    timeStyle = "local"    // RFC 3339, here
	timesUnix     timeStyle = "unix"     // seconds since 1970
)

// when writes a time for people. nil is a time that does not exist.
func (a *app) when(t *time.Time) string {
	switch {
	case t == nil || t.IsZero():
		return "-"
	case a.times == timesRelative:
		return relative(t.Sub(a.now()))
	}
	return a.absolute(*t, "")
}

// exactly writes a time in full, and how far away it is.
func (a *app) exactly(t time.Time) string {
	s := a.absolute(t, "")
	if a.times == timesRelative {
		s += " (" + relative(t.Sub(a.now())) + ")"
	}
	return s
}

// absolute writes a time with a fraction of the second, which is the end of a layout like ".000".
func (a *app) absolute(t time.Time, fraction string) string {
	layout := strings.Replace(time.RFC3339, "05", "05"+fraction, 1)
	switch a.times {
	case timesLocal:
		return t.Local().Format(layout)
	case timesUnix:
		return strconv.FormatFloat(float64(t.UnixNano())/1e9, 'f', max(0, len(fraction)-1), 64)
	}
	return t.UTC().Format(layout)
}

// ago writes how long ago a time was, without the word.
func (a *app) ago(t time.Time) string { return lasting(a.now().Sub(t)) }

// relative writes how far a time is from now: 3h ago, in 5m.
func relative(d time.Duration) string {
	d = d.Round(time.Second)
	switch s := lasting(d.Abs()); {
	case d < 0:
		return s + " ago"
	case d > 0:
		return "in " + s
	}
	return "now"
}

// lasting writes a length of time in one unit.
func lasting(d time.Duration) string {
	origin := time.Time{}
	return humanize.CustomRelTime(origin, origin.Add(max(d, 0).Round(time.Second)), "", "", spans)
}

const year = 365 * humanize.Day

// spans are the units of relative times: each is used below its bound.
var spans = []humanize.RelTimeMagnitude{
	{D: time.Minute, Format: "%ds", DivBy: time.Second},
	{D: time.Hour, Format: "%dm", DivBy: time.Minute},
	{D: 2 * humanize.Day, Format: "%dh", DivBy: time.Hour},
	{D: 2 * year, Format: "%dd", DivBy: humanize.Day},
	{D: math.MaxInt64, Format: "%dy", DivBy: year},
}

// rounded makes a duration short to read.
func rounded(d time.Duration) time.Duration {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond)
	case d < time.Minute:
		return d.Round(100 * time.Millisecond)
	default:
		return d.Round(time.Second)
	}
}

// millis writes a number of milliseconds for people.
func millis(ms float64) string {
	d := time.Duration(ms * float64(time.Millisecond))
	switch {
	case ms == 0:
		return "-"
	case d < time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < 100*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
