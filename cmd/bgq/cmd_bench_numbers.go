package main

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// figure writes a number with three digits that count, or all those before the point.
func figure(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100:
		return number(int64(math.Round(v)))
	case v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// ratio writes a ratio.
func ratio(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// took writes microseconds with three digits that count; nothing for nil.
func took(us *float64) string {
	if us == nil {
		return ""
	}
	d := time.Duration(*us * float64(time.Microsecond))
	step := time.Duration(1)
	for d >= 1000*step {
		step *= 10
	}
	return d.Round(step).String()
}

// amount is a flag for large numbers: 250000, 100k, 10M.
type amount int

// Set implements [pflag.Value].
func (n *amount) Set(s string) error {
	digits, factor := s, 1.0
	switch {
	case strings.HasSuffix(strings.ToLower(s), "k"):
		digits, factor = s[:len(s)-1], 1e3
	case strings.HasSuffix(strings.ToLower(s), "m"):
		digits, factor = s[:len(s)-1], 1e6
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(digits, ",", ""), 64)
	if v *= factor; err != nil || !(v >= 0 && v <= 1e9) || v != math.Trunc(v) {
		return errors.New("give a whole number, like 100k or 10M")
	}
	*n = amount(v)
	return nil
}

// String implements [pflag.Value].
func (n *amount) String() string {
	if *n == 0 {
		return ""
	}
	return shortNumber(int(*n))
}

// Type implements [pflag.Value].
func (n *amount) Type() string { return "N" }

// shortNumber writes 10000000 as 10M.
func shortNumber(n int) string {
	switch {
	case n >= 1e6 && n%1e5 == 0:
		return strconv.FormatFloat(float64(n)/1e6, 'f', -1, 64) + "M"
	case n >= 1e3 && n%100 == 0:
		return strconv.FormatFloat(float64(n)/1e3, 'f', -1, 64) + "k"
	}
	return strconv.Itoa(n)
}
