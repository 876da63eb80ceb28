package store

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A duration is counted in the step of √2 into which it falls.
func TestSpreadSteps(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		step int
	}{
		{math.MinInt64, 0}, {-1, 0}, {0, 0}, {1, 0}, {time.Microsecond, 0}, {1414, 0}, {1415, 1}, {1999, 1}, {2000, 2},
		{2828, 2}, {2829, 3}, {4000, 4}, {time.Second, 39}, {time.Minute, 51}, {time.Hour, 63},
		{6074 * time.Second, 64}, {6075 * time.Second, 65}, {24 * time.Hour, 65}, {math.MaxInt64, 65},
	} {
		var s Spread
		s.Note(c.d)
		if s[c.step] != 1 || s.Count() != 1 {
			t.Errorf("%d ns is counted in %v, want step %d", c.d, s, c.step)
		}
	}
}

// A quantile is one of the durations, to about 20 %.
func TestSpreadQuantile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const longest = 90 * time.Minute
		durations := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration {
			return time.Duration(float64(time.Microsecond) * math.Exp(rapid.Float64Range(0, math.Log(float64(longest/time.Microsecond))).Draw(t, "exponent")))
		}), 1, 20).Draw(t, "durations")
		var s Spread
		for _, d := range durations {
			s.Note(d)
		}
		p := rapid.Float64Range(0, 1).Draw(t, "p")
		got, below := s.Quantile(p), 0
		near := false
		for _, d := range durations {
			near = near || math.Abs(float64(got-d)) <= 0.2*float64(d)
			if float64(d) <= 1.2*float64(got) {
				below++
			}
		}
		if !near {
			t.Errorf("the quantile %v of %v is %v", p, durations, got)
		}
		if float64(below) < p*float64(len(durations)) {
			t.Errorf("only %d of %v lie below the quantile %v, %v", below, durations, p, got)
		}
	})
}

func TestSpreadOfNothing(t *testing.T) {
	var s Spread
	if s.Quantile(0.5) != 0 || s.Count() != 0 {
		t.Errorf("%v, %d", s.Quantile(0.5), s.Count())
	}
}

// Counters that are full stay full, and do not begin again.
func TestSpreadIsFull(t *testing.T) {
	full := Spread{math.MaxUint32}
	full.Note(0)
	full.Merge(&Spread{1, 2})
	if full[0] != math.MaxUint32 || full[1] != 2 {
		t.Errorf("got %v", full)
	}
}

// Add adds every counter, and leaves the name and the time.
func TestStatsAdd(t *testing.T) {
	at := time.Unix(60, 0)
	a := Stats{At: at, Span: time.Minute, Queue: "q", Kind: "k", Enqueued: 1, Started: 2, Completed: 3, Failed: 4, Discarded: 5, Cancelled: 6, Wait: Spread{1}, Run: Spread{0, 1}}
	b := Stats{At: at.Add(time.Hour), Queue: "other", Enqueued: 10, Started: 20, Completed: 30, Failed: 40, Discarded: 50, Cancelled: 60, Wait: Spread{2}, Run: Spread{0, 0, 2}}
	want := Stats{At: at, Span: time.Minute, Queue: "q", Kind: "k", Enqueued: 11, Started: 22, Completed: 33, Failed: 44, Discarded: 55, Cancelled: 66, Wait: Spread{3}, Run: Spread{0, 1, 2}}
	if a.Add(&b); a != want {
		t.Errorf("got %+v, want %+v", a, want)
	}
}
