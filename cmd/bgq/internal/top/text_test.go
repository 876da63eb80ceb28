package top

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestSparkline(t *testing.T) {
	for want, values := range map[string][]int64{
		"":    nil,
		"   ": {0, 0, 0},
		"█ ▁": {100, 0, 1},
		"▅":   {1},
		"▂▃▇": {1, 2, 5},
	} {
		if got := sparkline(values); got != want {
			t.Errorf("%v: %q, want %q", values, got, want)
		}
	}
}

func TestCondense(t *testing.T) {
	for _, c := range []struct {
		values []int64
		n      int
		want   string
	}{{[]int64{1, 2}, 3, "[1 2]"}, {[]int64{1, 2, 3, 4, 5, 6}, 3, "[3 7 11]"}, {[]int64{1, 2, 3, 4, 5}, 2, "[6 9]"}} {
		if got := fmt.Sprint(condense(c.values, c.n)); got != c.want {
			t.Errorf("%v to %d: %s, want %s", c.values, c.n, got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	s := screen{clean: visible, width: 10}
	for text, want := range map[string][]string{
		"":                     {""},
		"one two three four":   {"one two", "three four"},
		"abcdefghijklmnop\nqr": {"abcdefghij", "klmnop", "qr"},
		"a bcdefghijklmnop":    {"a bcdefghi", "jklmnop"},
		"世界世界世界":               {"世界世界世", "界"},
		"\x1b[2J\tx\r\n":       {"?[2J    x"},
	} {
		var got []string
		for _, l := range s.wrap(plain, text) {
			got = append(got, l[0].text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestLasting(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0.0s", 1249 * time.Millisecond: "1.2s", 12 * time.Second: "12s", 65 * time.Second: "1m05s",
		3*time.Hour + 59*time.Second: "3h00m", 75 * time.Hour: "3d3h",
	} {
		if got := lasting(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestRate(t *testing.T) {
	for r, want := range map[float64]string{0: "0", 0.25: "0.2", 9.96: "10.0", 12.5: "13", 12345: "12,345"} {
		if got := rate(r); got != want {
			t.Errorf("%v: %q, want %q", r, got, want)
		}
	}
}
