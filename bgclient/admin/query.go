package admin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue/filter"
	"github.com/bgq-dev/bgq/store"
)

// query reads the parameters of a request. The first fault stays, and is what end returns; a
// parameter that nobody asked for is one, because what is misspelt must not be ignored.
type query struct {
	values url.Values
	known  []string
	err    error
}

func queryOf(r *http.Request) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.fail("encode it as in a URL: %20 is a space", "the parameters cannot be read: %v", err)
	}
	return q
}

func (q *query) fail(hint, format string, args ...any) {
	if q.err == nil {
		q.err = wire.NewProblem(wire.CodeBadRequest, hint, format, args...)
	}
}

// text returns a parameter, or "".
func (q *query) text(name string) string {
	q.known = append(q.known, name)
	if len(q.values[name]) > 1 {
		q.fail("name it once", "the parameter %s is there %d times", name, len(q.values[name]))
	}
	return q.values.Get(name)
}

// oneOf returns a parameter that is one of some words, or "" if it is missing.
func (q *query) oneOf(name string, words ...string) string {
	v := q.text(name)
	if v != "" && !slices.Contains(words, v) {
		q.fail("it is one of "+strings.Join(words, ", "), "the parameter %s cannot be %.40q", name, v)
	}
	return v
}

// number returns a parameter brought into the bounds, or the fallback if it is missing.
func (q *query) number(name string, fallback, least, most int64) int64 {
	v := q.text(name)
	if v == "" {
		return fallback
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // out of range it is the largest or least number there is
		q.fail("give a whole number", "the parameter %s cannot be %.40q", name, v)
	}
	return min(max(n, least), most)
}

// duration returns a parameter brought into the bounds, or the fallback if it is missing.
func (q *query) duration(name string, fallback, least, most time.Duration) time.Duration {
	v := q.text(name)
	if v == "" {
		return fallback
	}
	d, err := parseDuration(v)
	if err != nil {
		q.fail("give a duration, for example 90s, 15m, 1h30m or 7d", "the parameter %s cannot be %.40q", name, v)
	}
	return min(max(d, least), most)
}

// parseDuration reads a duration as Go writes it, or a whole number of days.
func parseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseInt(days, 10, 32)
		const most = 100 * 365
		return time.Duration(min(max(n, -most), most)) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}

// filter returns the filter in a parameter. It selects every job if that is missing.
func (q *query) filter(name string) store.Filter {
	f, err := parseFilter(q.text(name))
	if err != nil && q.err == nil {
		q.err = err
	}
	return f
}

// parseFilter reads a filter. Its durations count from now, and its dates are days of this machine.
func parseFilter(text string) (store.Filter, error) { return filter.Parse(text, time.Now()) }

// id returns the id in a parameter, or zero if it is missing.
func (q *query) id(name string) store.ID {
	v := q.text(name)
	if v == "" {
		return store.ID{}
	}
	id, err := store.ParseID(v)
	if err != nil {
		q.fail(hintID, "the parameter %s is no job id: %.40q", name, v)
	}
	return id
}

// end returns the first fault.
func (q *query) end() error {
	if q.err != nil {
		return q.err
	}
	for name := range q.values {
		if !slices.Contains(q.known, name) {
			hint := "there is none"
			if len(q.known) > 0 {
				hint = "there are " + strings.Join(q.known, ", ")
			}
			return wire.NewProblem(wire.CodeBadRequest, hint, "there is no parameter %.40q", name)
		}
	}
	return nil
}

const hintID = "an id has 26 letters and digits, like 01JD8Q3Z5M9XKX2T4V6W8Y0ABC"

// pathID returns the id in the path of a request.
func pathID(r *http.Request) (store.ID, error) {
	id, err := store.ParseID(r.PathValue("id"))
	if err != nil {
		return id, wire.NewProblem(wire.CodeBadRequest, hintID, "%.40q is no job id", r.PathValue("id"))
	}
	return id, nil
}
