package bench

import (
	"context"
	"slices"
	"testing"
	"time"
)

// script returns a side whose measurements have these values, one after the other.
func script(log *[]string, name string, values ...float64) func(context.Context, string) (take, error) {
	return func(context.Context, string) (take, error) {
		*log = append(*log, name)
		v := values[0]
		values = values[1:]
		return take{n: 1, value: v, calls: []time.Duration{time.Duration(v) * time.Microsecond}, figures: map[string]float64{"x": v}}, nil
	}
}

// TestDuel: the sides take turns, in an order that changes, and the ratio is the median of the
// ratios of the rounds, not the ratio of the medians.
func TestDuel(t *testing.T) {
	e := open(t, Config{Rounds: 3})
	e.current = Scenario{Unit: jobsPerSecond, Goal: ratioAtLeast(0.75)}
	var log []string
	r, err := e.duel(t.Context(), duel{
		bgq: script(&log, "bgq", 80, 10, 30),
		raw: script(&log, "raw", 100, 20, 30),
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"bgq", "raw", "raw", "bgq", "bgq", "raw"}; !slices.Equal(log, want) {
		t.Errorf("the turns were %q, want %q", log, want)
	}
	if r.N != 3 || r.BGQ != 30 || *r.RawBolt != 30 || *r.Ratio != 0.8 || !*r.Met || r.Better != "higher" || *r.P50 != 30 || r.Figures["x"] != 30 {
		t.Errorf("%+v, ratio %v", r, *r.Ratio)
	}
}

// TestDuelOfThree: each side is once first, once second and once last; the goal is of the ratio to raw.
func TestDuelOfThree(t *testing.T) {
	e := open(t, Config{Rounds: 3})
	e.current = Scenario{Unit: jobsPerSecond, Goal: ratioAtLeast(0.75)}
	var log []string
	r, err := e.duel(t.Context(), duel{
		bgq:  script(&log, "bgq", 80, 10, 30),
		raw:  script(&log, "raw", 160, 20, 60),
		same: script(&log, "same", 100, 20, 30),
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"bgq", "raw", "same", "raw", "same", "bgq", "same", "bgq", "raw"}; !slices.Equal(log, want) {
		t.Errorf("the turns were %q, want %q", log, want)
	}
	if *r.Ratio != 0.5 || *r.Same != 30 || *r.SameRatio != 0.8 || *r.Met {
		t.Errorf("%+v: ratios %v, %v", r, *r.Ratio, *r.SameRatio)
	}
	if second := r.Rounds[1]; *second.Same != 20 || *second.SameRatio != 0.5 || *second.Ratio != 0.5 {
		t.Errorf("%+v", second)
	}
}

func TestDuelBesideOthers(t *testing.T) {
	e := open(t, Config{Rounds: 1, Others: 100})
	e.current.Unit = jobsPerSecond
	var log []string
	r, err := e.duel(t.Context(), duel{bgq: script(&log, "bgq", 100, 80)})
	if err != nil {
		t.Fatal(err)
	}
	if r.Ratio != nil || r.Met != nil || r.Others == nil || r.Others.Jobs != 100 || *r.Others.Ratio != 0.8 || *r.Others.Met {
		t.Errorf("%+v, others %+v", r, r.Others)
	}
	if r, err = e.duel(t.Context(), duel{lone: true, bgq: script(&log, "bgq", 100)}); err != nil || r.Others != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestGoal(t *testing.T) {
	half := 0.5
	for _, c := range []struct {
		goal  *Goal
		value float64
		ratio *float64
		want  bool
	}{
		{ratioAtLeast(0.5), 0, &half, true},
		{ratioAtLeast(0.51), 9, &half, false},
		{ratioAtMost(0.5), 9, &half, true},
		{ratioAtMost(0.49), 0, &half, false},
		{valueAtMost(10), 10, nil, true},
		{valueAtMost(10), 11, &half, false},
	} {
		if met := c.goal.met(c.value, c.ratio); *met != c.want {
			t.Errorf("%+v of %v, %v: %v", c.goal, c.value, c.ratio, *met)
		}
	}
	var none *Goal
	if none.met(1, &half) != nil || ratioAtLeast(1).met(1, nil) != nil {
		t.Error("there is nothing to be judged")
	}
}

func TestStats(t *testing.T) {
	if m := median([]float64{3, 1, 2}); m != 2 {
		t.Errorf("median of three: %v", m)
	}
	if m := median([]float64{4, 1, 2, 3}); m != 2.5 {
		t.Errorf("median of four: %v", m)
	}
	var d []time.Duration
	for i := range 100 {
		d = append(d, time.Duration(100-i))
	}
	if p50, p99 := percentile(d, 0.5), percentile(d, 0.99); p50 != 50 || p99 != 99 {
		t.Errorf("percentiles of 1 to 100: %d, %d", p50, p99)
	}
	if p := percentile(d[:1], 0.5); p != 100 {
		t.Errorf("p50 of one: %d", p)
	}
}
