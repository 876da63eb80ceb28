package queue

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestBackoffDefaults(t *testing.T) {
	for _, c := range []struct {
		failed int
		random float64
		want   time.Duration
	}{
		{1, 0.5, time.Second},
		{2, 0.5, 2 * time.Second},
		{3, 0.5, 4 * time.Second},
		{10, 0.5, 512 * time.Second},
		{17, 0.5, 65536 * time.Second},
		{18, 0.5, 24 * time.Hour},
		{25, 0.5, 24 * time.Hour},
		{math.MaxInt, 0.5, 24 * time.Hour},
		{1, 0, 800 * time.Millisecond},
		{0, 0.5, time.Second},
		{-5, 0.5, time.Second},
	} {
		if got := (Backoff{}).Delay(c.failed, c.random); got != c.want {
			t.Errorf("Delay(%d, %v) = %v, want %v", c.failed, c.random, got, c.want)
		}
	}
}

func TestBackoffStaysInItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Backoff{
			Base:   time.Duration(rapid.Int64().Draw(t, "base")),
			Factor: rapid.Float64().Draw(t, "factor"),
			Max:    time.Duration(rapid.Int64().Draw(t, "max")),
			Jitter: rapid.Float64().Draw(t, "jitter"),
		}
		random := rapid.Float64Range(0, math.Nextafter(1, 0)).Draw(t, "random")
		d := b.Delay(rapid.Int().Draw(t, "failed"), random)
		full := b.withDefaults()
		if d < 0 || float64(d) > float64(full.Max)*(1+full.Jitter)*1.0001 {
			t.Fatalf("%+v: a delay of %v", b, d)
		}
	})
}

func TestBackoffGrowsWithoutJitter(t *testing.T) {
	b := Backoff{Base: time.Second, Factor: 3, Max: time.Hour, Jitter: -1}
	last := time.Duration(0)
	for n := 1; n < 40; n++ {
		d := b.Delay(n, 0.99)
		if d < last || d > time.Hour {
			t.Fatalf("attempt %d waits %v after %v", n, d, last)
		}
		last = d
	}
	if last != time.Hour {
		t.Fatalf("the longest wait is %v", last)
	}
}
