package top

import (
	"slices"
	"strconv"

	"github.com/dustin/go-humanize"
)

// sparkline draws numbers as bars, the largest of them at full height. What is not 0 is seen.
func sparkline(values []int64) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	if len(values) == 0 {
		return ""
	}
	most := max(slices.Max(values), 1)
	out := make([]rune, len(values))
	for i, v := range values {
		switch {
		case v <= 0:
			out[i] = ' '
		default:
			out[i] = bars[min(int(v*int64(len(bars))/(most+1)), len(bars)-1)]
		}
	}
	return string(out)
}

// condense adds neighbours up, so that there are no more than n numbers.
func condense(values []int64, n int) []int64 {
	if len(values) <= n {
		return values
	}
	out := make([]int64, n)
	for i, v := range values {
		out[i*n/len(values)] += v
	}
	return out
}

// number writes a count for people.
func number(n int64) string { return humanize.Comma(n) }

// plural writes a count with its noun.
func plural(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return number(n) + " " + noun
}

// rate writes how many there are in a minute.
func rate(r float64) string {
	if r > 0 && r < 10 {
		return strconv.FormatFloat(r, 'f', 1, 64)
	}
	return number(int64(r + 0.5))
}
