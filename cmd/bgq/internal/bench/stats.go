package bench

import (
	"math"
	"slices"
	"time"
)

// median returns the middle of the values, or the mean of the two in the middle. It
// is NaN for none.
func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	v = slices.Sorted(slices.Values(v))
	i := len(v) / 2
	if len(v)%2 == 1 {
		return v[i]
	}
	return (v[i-1] + v[i]) / 2
}

// percentile returns the smallest duration that at least the part p of them (0 < p ≤ 1) do not
// exceed.
func percentile(d []time.Duration, p float64) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[max(0, int(math.Ceil(p*float64(len(d))))-1)]
}

func values(takes []take) []float64 {
	var v []float64
	for _, t := range takes {
		v = append(v, t.value)
	}
	return v
}

// percentiles returns the medians of the takes' p50 and p99, in microseconds; nil if
// no calls were timed.
func percentiles(takes []take) (p50, p99 *float64) {
	var a, b []float64
	for _, t := range takes {
		if len(t.calls) > 0 {
			a = append(a, micros(percentile(t.calls, 0.50)))
			b = append(b, micros(percentile(t.calls, 0.99)))
		}
	}
	if len(a) == 0 {
		return nil, nil
	}
	m50, m99 := median(a), median(b)
	return &m50, &m99
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// figures returns the medians of the further figures.
func figures(takes []take) map[string]float64 {
	all := map[string][]float64{}
	for _, t := range takes {
		for name, v := range t.figures {
			all[name] = append(all[name], v)
		}
	}
	out := map[string]float64{}
	for name, v := range all {
		out[name] = median(v)
	}
	return out
}
