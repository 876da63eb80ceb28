package progress

import (
	"math"
	"testing"
	"time"
)

var start = time.Unix(1e9, 0)

// play ends count inputs of total at an even pace, one every step, and returns the status then.
func play(total, count int, step time.Duration) Status {
	m := NewMeter(start)
	m.Update(func(c *Counts) { c.Total, c.Reading = int64(total), false })
	now := start
	var s Status
	for range count {
		now = now.Add(step)
		m.Update(func(c *Counts) { c.OK++ })
		s = m.Status(now)
	}
	return s
}

func TestRateAndETA(t *testing.T) {
	for _, c := range []struct {
		total, count int
		step         time.Duration
	}{
		{1000, 500, 10 * time.Millisecond},
		{1000, 3, time.Second}, // right from the beginning, not only after a while
		{100, 50, time.Minute},
		{50, 10, time.Hour},
		{10, 10, time.Second},
	} {
		s := play(c.total, c.count, c.step)
		rate := 1 / c.step.Seconds()
		if math.Abs(s.Rate-rate) > rate*0.05 {
			t.Errorf("%d every %v: the rate is %g, want %g", c.count, c.step, s.Rate, rate)
		}
		want := time.Duration(c.total-c.count) * c.step
		if diff := (s.ETA - want).Abs(); diff > want/20 {
			t.Errorf("%d of %d every %v: ETA %v, want %v", c.count, c.total, c.step, s.ETA, want)
		}
		if s.Elapsed != time.Duration(c.count)*c.step {
			t.Errorf("elapsed %v", s.Elapsed)
		}
	}
}

// TestRateFollows: after the pace has changed the estimate follows within a minute.
func TestRateFollows(t *testing.T) {
	m := NewMeter(start)
	m.Update(func(c *Counts) { c.Total = 10_000 })
	now := start
	for range 600 { // a minute at 10/s
		now = now.Add(100 * time.Millisecond)
		m.Update(func(c *Counts) { c.OK++ })
		m.Status(now)
	}
	for range 60 { // a minute at 1/s
		now = now.Add(time.Second)
		m.Update(func(c *Counts) { c.Failed++ })
		m.Status(now)
	}
	if s := m.Status(now); s.Rate < 1 || s.Rate > 1.3 {
		t.Errorf("the rate is %g", s.Rate)
	}
}

func TestETAUnknown(t *testing.T) {
	m := NewMeter(start)
	if s := m.Status(start); s.ETA >= 0 || s.Rate != 0 {
		t.Errorf("at the start: %+v", s)
	}
	m.Update(func(c *Counts) { c.Total, c.OK = 10, 5 })
	if s := m.Status(start.Add(time.Second)); s.ETA >= 0 {
		t.Errorf("while reading: %+v", s)
	}
	m.Update(func(c *Counts) { c.Reading, c.Total = false, 5 })
	if s := m.Status(start.Add(time.Second)); s.ETA != 0 {
		t.Errorf("at the end: %+v", s)
	}
	// Nothing ends: the estimate grows, and never becomes a number that makes no sense.
	m.Update(func(c *Counts) { c.Total = math.MaxInt64 / 2 })
	for d := time.Minute; d < 1<<50; d *= 2 {
		if s := m.Status(start.Add(d)); s.ETA < -1 || math.IsNaN(s.Rate) || s.Rate < 0 {
			t.Fatalf("after %v: %+v", d, s)
		}
	}
	if s := m.Status(start); s.Rate < 0 { // the clock was set back
		t.Errorf("%+v", s)
	}
}
