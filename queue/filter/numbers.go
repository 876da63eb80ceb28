package filter

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// numbers is a field of whole numbers. Its terms narrow one range.
type numbers func(*store.Filter) *[]store.Range

func (x numbers) read(t *term, f *store.Filter, _ time.Time) error {
	r, err := t.numbers()
	if err != nil {
		return err
	}
	ranges := x(f)
	for _, old := range *ranges {
		r.Min, r.Max = max(r.Min, old.Min), min(r.Max, old.Max)
	}
	if r.Min > r.Max {
		return t.nothing()
	}
	*ranges = []store.Range{r}
	return nil
}

// nothing refuses a term that leaves no job to select.
func (t *term) nothing() error {
	return t.fail("no job can match this together with what stands before it", "")
}

// numbers reads the range that the term describes.
func (t *term) numbers() (store.Range, error) {
	text, ok := t.single()
	if !ok {
		return store.Range{}, t.fail(t.name+" takes one number or range", fmt.Sprintf("for example %s:1..3", t.name))
	}
	low, high, isRange := strings.Cut(text, "..")
	if !isRange {
		high = low
	}
	first, err1 := strconv.ParseInt(low, 10, 64)
	last, err2 := strconv.ParseInt(high, 10, 64)
	exact := t.op == ":" || t.op == "="
	switch {
	case err1 != nil || err2 != nil:
		return store.Range{}, t.fail(fmt.Sprintf("%s needs a whole number of 64 bits or a range, not %s", t.name, show(text)),
			fmt.Sprintf("for example %s:3, %[1]s:1..3 or %[1]s>=3", t.name))
	case isRange && !exact:
		return store.Range{}, t.fail(fmt.Sprintf("a range follows a colon, not %s", t.op), t.instead(t.name+":"+text))
	case first > last:
		return store.Range{}, t.fail("the range begins behind its end", t.instead(fmt.Sprintf("%s:%d..%d", t.name, last, first)))
	case exact:
		return store.Range{Min: first, Max: last}, nil
	case t.op == ">=":
		return store.Range{Min: first, Max: math.MaxInt64}, nil
	case t.op == "<=":
		return store.Range{Min: math.MinInt64, Max: first}, nil
	case t.op == ">" && first == math.MaxInt64:
		return store.Range{}, t.fail("no number is larger", "")
	case t.op == "<" && first == math.MinInt64:
		return store.Range{}, t.fail("no number is smaller", "")
	case t.op == ">":
		return store.Range{Min: first + 1, Max: math.MaxInt64}, nil
	default: // "<"
		return store.Range{Min: math.MinInt64, Max: first - 1}, nil
	}
}

func (x numbers) write(f *store.Filter) []string {
	var out []string
	for _, r := range *x(f) {
		switch {
		case r.Min == r.Max:
			out = append(out, fmt.Sprintf(":%d", r.Min))
		case r.Max == math.MaxInt64:
			out = append(out, fmt.Sprintf(">=%d", r.Min))
		case r.Min == math.MinInt64:
			out = append(out, fmt.Sprintf("<=%d", r.Max))
		default:
			out = append(out, fmt.Sprintf(":%d..%d", r.Min, r.Max))
		}
	}
	return out
}
