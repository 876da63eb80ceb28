package executor

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// TestLimitKeepsTheRate: whoever takes every token as soon as it is there gets
// burst + rate × time of them, whenever they look.
func TestLimitKeepsTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := math.Exp(rapid.Float64Range(math.Log(0.01), math.Log(1e6)).Draw(t, "log rate"))
		var b limit
		now := epoch
		b.set(rate, now)
		taken := 0
		for range rapid.IntRange(1, 50).Draw(t, "looks") {
			for b.tokens(now) > 0 {
				b.take(now)
				taken++
			}
			spent := now.Sub(epoch).Seconds()
			// Between two looks what is more than a full bucket is lost, so that this is a bound.
			if most := float64(b.burst) + rate*spent*(1+1e-3) + 1e-6; float64(taken) > most {
				t.Fatalf("%d tokens in %v s at %v/s, burst %d", taken, spent, rate, b.burst)
			}
			n := rapid.IntRange(1, b.burst).Draw(t, "n")
			wait := b.until(n, now)
			if wait <= 0 {
				t.Fatalf("%v until there are %d tokens, and there is none", wait, n)
			}
			if before := b.tokens(now.Add(wait - 1)); before >= n {
				t.Fatalf("%d tokens before there could be %d", before, n)
			}
			if now = now.Add(wait); b.tokens(now) != n {
				t.Fatalf("%d tokens when there should be %d", b.tokens(now), n)
			}
		}
	})
}

func TestLimitIsChangedOnTheWay(t *testing.T) {
	var b limit
	if !b.none() || b.tokens(epoch) != math.MaxInt {
		t.Error("the zero limit limits")
	}
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(-1), math.Inf(1), 1e300} {
		if b.set(bad, epoch); !b.none() {
			t.Errorf("a rate of %v limits to one in %v", bad, b.every)
		}
	}
	if !b.set(100, epoch) || b.set(100, epoch) {
		t.Error("set does not tell what is a change")
	}
	if b.tokens(epoch) != 10 {
		t.Errorf("a new limit has %d tokens", b.tokens(epoch))
	}
	for range 10 {
		b.take(epoch)
	}
	// Slower: what is there already is not given twice.
	b.set(0.5, epoch)
	if n, wait := b.tokens(epoch), b.until(1, epoch); n != 0 || wait != 2*time.Second {
		t.Errorf("%d tokens, the next in %v", n, wait)
	}
	if n := b.tokens(epoch.Add(time.Hour)); n != 1 {
		t.Errorf("%d tokens after an hour", n)
	}
	b.set(1e-30, epoch)
	if n := b.tokens(epoch.AddDate(0, 6, 0)); n != 0 || b.none() {
		t.Errorf("%d tokens of the slowest rate", n)
	}
}

// TestTokensAreUsedByStarting: what is given back from stock has cost nothing, and what is in
// stock is not promised twice.
func TestTokensAreUsedByStarting(t *testing.T) {
	l := &lane{queue: "q", slots: 2}
	l.limit.set(50, time.Now()) // 5 tokens
	l.stock = []*attempt{{}, {}, {}, {}}
	l.next()
	now := time.Now()
	if n := l.limit.tokens(now); n != 4 || len(l.stock) != 3 {
		t.Fatalf("%d tokens for %d jobs in stock", n, len(l.stock))
	}
	if back := l.keep(0); len(back) != 3 || l.limit.tokens(now) != 4 {
		t.Errorf("%d given back, %d tokens", len(back), l.limit.tokens(now))
	}
	l.stock = []*attempt{{}, {}, {}, {}}
	l.limit.set(0.001, now)
	if back := l.excess(now); len(back) != 3 || len(l.stock) != 1 {
		t.Errorf("with one token %d stay in stock", len(l.stock))
	}
	l.slots = 0
	if back := l.excess(now); len(back) != 1 || len(l.stock) != 0 {
		t.Errorf("without slots %d stay in stock", len(l.stock))
	}
}
