package executor

import (
	"math"
	"time"
)

// limit is a bucket of tokens, one for each job that may be started now. It fills at
// the rate of the queue and holds a tenth of a second's worth, or one. Instead of a
// number that has to be kept up it knows a time: that at which it was, or will be, empty.
// The zero limit is none.
type limit struct {
	every time.Duration // from one token to the next; 0: there is no limit
	burst int           // the most tokens it holds
	empty time.Time
}

// none tells that any number of jobs may be started.
func (b *limit) none() bool { return b.every == 0 }

// set changes the number of tokens a second, which may be a fraction. Zero, or what is no
// rate at all, ends the limit. A new limit begins with a full bucket, a changed one with
// the tokens that it had. It tells whether that is a change.
func (b *limit) set(rate float64, now time.Time) bool {
	const slowest = 365 * 24 * time.Hour // times beyond the years that a time.Time can hold are of no use
	next := limit{}
	if rate > 0 {
		every := min(float64(time.Second)/rate, float64(slowest))
		next = limit{every: time.Duration(every), burst: int(max(1, math.Ceil(min(rate/10, math.MaxInt32))))}
	}
	if next.every == b.every {
		return false
	}
	next.empty = now.Add(-time.Duration(min(b.tokens(now), next.burst)) * next.every)
	*b = next
	return true
}

// tokens returns how many jobs may be started now.
func (b *limit) tokens(now time.Time) int {
	if b.none() {
		return math.MaxInt
	}
	return min(b.burst, int(max(0, now.Sub(b.empty))/b.every))
}

// take uses a token up.
func (b *limit) take(now time.Time) {
	if full := now.Add(-time.Duration(b.burst) * b.every); b.empty.Before(full) {
		b.empty = full
	}
	b.empty = b.empty.Add(b.every)
}

// until returns how long it is until there are n tokens.
func (b *limit) until(n int, now time.Time) time.Duration {
	return b.empty.Add(time.Duration(n) * b.every).Sub(now)
}
