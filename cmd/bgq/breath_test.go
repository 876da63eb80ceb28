package main

import (
	"testing"
	"time"
)

// TestBreathsCoincide: two commands that began at different times let go of the file at the same time.
func TestBreathsCoincide(t *testing.T) {
	const page = 7 * time.Millisecond
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	// free tells for each millisecond whether one who opened the file then has let go of it.
	free := func(opened time.Duration) []bool {
		out := make([]bool, 3000)
		at := start.Add(opened)
		for now := at; now.Before(start.Add(2500 * time.Millisecond)); now = now.Add(page) {
			pause := breathFor(at, now)
			if pause == 0 {
				continue
			}
			for ms := range pause.Milliseconds() {
				out[now.Sub(start).Milliseconds()+ms] = true
			}
			now = now.Add(pause)
			at = now
		}
		return out
	}
	for _, later := range []time.Duration{10, 90, 150, 210, 299} {
		a, b := free(0), free(later*time.Millisecond)
		longest, n := 0, 0
		for ms := range 1500 {
			if a[ms] && b[ms] {
				n++
			} else {
				n = 0
			}
			longest = max(longest, n)
		}
		if longest < 50 {
			t.Errorf("%v ms later: both let go of it for no more than %d ms", int(later), longest)
		}
	}
}

func TestBreathFor(t *testing.T) {
	tick := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		opened, now, want time.Duration
	}{
		{-200, -1, 0},
		{-200, 0, 80},
		{-200, 10, 70},
		{-200, 200, 30},
		{-50, 10, 0}, // it began just now
		{-50, 299, 0},
		{-50, 310, 70},
		{900, 100, 0},
	} {
		at := func(ms time.Duration) time.Time { return tick.Add(ms * time.Millisecond) }
		if got := breathFor(at(c.opened), at(c.now)); got != c.want*time.Millisecond {
			t.Errorf("opened at %d, now %d: %v, want %d ms", c.opened, c.now, got, c.want)
		}
	}
}
