// Package halt decides when failures end a run early.
package halt

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// When says what a halt does to what is running.
type When uint8

// The ways to halt.
const (
	Never When = iota // go on whatever fails
	Soon              // start nothing more, let what runs finish
	Now               // kill what runs
)

// Policy is a parsed --halt. The zero value never halts.
type Policy struct {
	When When
	// Fail is the number of failures that halt the run; 0 if Percent is used.
	Fail int64
	// Percent of the inputs that ended so far must have failed.
	Percent float64
}

// percentAfter is the number of inputs that must have ended before a percentage
// means anything, as in GNU parallel.
const percentAfter = 3

// Parse reads now|soon|never[,fail=N|N%].
func Parse(s string) (Policy, error) {
	word, condition, conditional := strings.Cut(s, ",")
	var p Policy
	switch word {
	case "never":
		if conditional {
			return Policy{}, errors.New("never takes no condition")
		}
		return p, nil
	case "soon":
		p.When = Soon
	case "now":
		p.When = Now
	default:
		return Policy{}, fmt.Errorf("%q is not now, soon or never, as in now,fail=3 or soon,fail=10%%", word)
	}
	if !conditional {
		p.Fail = 1
		return p, nil
	}
	value, ok := strings.CutPrefix(condition, "fail=")
	if !ok {
		return Policy{}, fmt.Errorf("%q is not a condition: write fail=3 or fail=10%%", condition)
	}
	if percent, ok := strings.CutSuffix(value, "%"); ok {
		n, err := strconv.ParseFloat(percent, 64)
		if err != nil || !(n > 0 && n <= 100) {
			return Policy{}, fmt.Errorf("fail=%s: the percentage must lie above 0 and up to 100", value)
		}
		p.Percent = n
		return p, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 1 {
		return Policy{}, fmt.Errorf("fail=%s: the number of failures must be 1 or more", value)
	}
	p.Fail = n
	return p, nil
}

// Reached tells whether the run shall halt, with so many failed of those that ended.
func (p Policy) Reached(failed, ended int64) bool {
	switch {
	case p.When == Never, failed <= 0:
		return false
	case p.Percent > 0:
		return ended >= percentAfter && float64(failed)*100 >= p.Percent*float64(ended)
	}
	return failed >= p.Fail
}

// String writes the policy as Parse reads it.
func (p Policy) String() string {
	word := "never"
	switch p.When {
	case Never:
		return word
	case Soon:
		word = "soon"
	case Now:
		word = "now"
	}
	if p.Percent > 0 {
		return fmt.Sprintf("%s,fail=%s%%", word, strconv.FormatFloat(p.Percent, 'g', -1, 64))
	}
	return fmt.Sprintf("%s,fail=%d", word, p.Fail)
}
