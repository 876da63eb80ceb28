package filter

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// times is a field of moments: its terms narrow one interval, from after
// (inclusive) to before (exclusive).
type times func(*store.Filter) (after, before *time.Time)

var created times = func(f *store.Filter) (after, before *time.Time) { return &f.CreatedAfter, &f.CreatedBefore }

func (x times) read(t *term, f *store.Filter, now time.Time) error {
	begin, end, err := t.period(now)
	if err != nil {
		return err
	}
	return x.narrow(t, f, t.op, begin, end)
}

// narrow keeps the moments that stand in relation op to the period from begin
// (inclusive) to end (exclusive).
func (x times) narrow(t *term, f *store.Filter, op string, begin, end time.Time) error {
	bound := begin
	if op == ">" || op == "<=" {
		bound = end
	}
	bound = bound.UTC()
	if bound.Before(firstTime) || bound.After(lastTime) {
		return t.fail(show(t.values[0].text)+" lies outside of the years 1970 to 2261", "")
	}
	after, before := x(f)
	if op == ">" || op == ">=" {
		if bound.After(*after) {
			*after = bound
		}
	} else if before.IsZero() || bound.Before(*before) {
		*before = bound
	}
	if !after.IsZero() && !before.IsZero() && !after.Before(*before) {
		return t.nothing()
	}
	return nil
}

// The bounds that a filter may have are those that a store can keep as nanoseconds
// in 64 bits. The zero time, which would mean no bound at all, is none of them.
var (
	firstTime = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)
)

func (x times) write(f *store.Filter) []string {
	var out []string
	after, before := x(f)
	if !after.IsZero() {
		out = append(out, ">="+after.UTC().Format(time.RFC3339Nano))
	}
	if !before.IsZero() {
		out = append(out, "<"+before.UTC().Format(time.RFC3339Nano))
	}
	return out
}

// period reads a moment, which lasts a nanosecond, or a date, which lasts a day.
func (t *term) period(now time.Time) (begin, end time.Time, err error) {
	text, ok := t.single()
	if !ok {
		return begin, end, t.fail(t.name+" takes one time", t.timeHint())
	}
	if begin, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return begin, begin.AddDate(0, 0, 1), nil
	}
	if begin, err = time.Parse(time.RFC3339, text); err != nil {
		ahead, isAhead := strings.CutPrefix(text, "+")
		d, ok := parseDuration(ahead)
		if !ok {
			return begin, end, t.notATime(text)
		}
		if !isAhead {
			d = -d
		}
		begin = now.Add(d)
	}
	return begin, begin.Add(time.Nanosecond), nil
}

func (t *term) notATime(text string) error {
	message := fmt.Sprintf("%s needs a time, a date or a duration, not %s", t.name, show(text))
	if _, err := time.Parse("2006-01-02T15:04:05", text); err == nil {
		return t.fail(message, "add the time zone: "+t.name+t.op+text+"Z for UTC")
	}
	return t.fail(message, t.timeHint())
}

func (t *term) timeHint() string {
	return fmt.Sprintf("for example %s>=2026-11-01, %[1]s<2026-11-01T08:00:00Z or %[1]s>2d, which is two days ago", t.name)
}

// age is created, turned round: what is older was created earlier.
type age struct{}

var turned = map[string]string{">": "<", ">=": "<=", "<": ">", "<=": ">="}

func (age) read(t *term, f *store.Filter, now time.Time) error {
	text, single := t.single()
	d, ok := parseDuration(text)
	if !single || !ok {
		return t.fail("age needs one duration, not "+show(t.raw), "for example 90s, 15m, 1h30m, 2d or 1w")
	}
	moment := now.Add(-d)
	return created.narrow(t, f, turned[t.op], moment, moment.Add(time.Nanosecond))
}

// write leaves it to created, which says the same whatever the hour.
func (age) write(*store.Filter) []string { return nil }

var units = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

// parseDuration reads whole numbers with units, like 1h30m. A day has 24 hours.
func parseDuration(s string) (time.Duration, bool) {
	var total time.Duration
	for rest := s; rest != ""; {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil || digits == len(rest) {
			return 0, false
		}
		unit, ok := units[rest[digits]]
		if !ok || n > int64((math.MaxInt64-total)/unit) {
			return 0, false
		}
		total += time.Duration(n) * unit
		rest = rest[digits+1:]
	}
	return total, s != ""
}
