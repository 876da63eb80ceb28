package queue

import (
	"math"
	"time"
)

// Backoff says how long a failed job waits for its next attempt: Base after the
// first failure, Factor times as long after each further one, at most Max, and
// spread by Jitter so that jobs which failed together do not return together.
type Backoff struct {
	Base   time.Duration // default 1 s
	Factor float64       // default 2; 1 waits equally long each time
	Max    time.Duration // default 24 h
	Jitter float64       // default 0.2: the wait is up to 20 % shorter or longer; negative: none
}

// defaultBackoff waits 1 s, 2 s, 4 s, … up to a day: 25 attempts take about nine days.
var defaultBackoff = Backoff{Base: time.Second, Factor: 2, Max: 24 * time.Hour, Jitter: 0.2}

// withDefaults returns b with its unset fields filled in.
func (b Backoff) withDefaults() Backoff {
	if b.Base <= 0 {
		b.Base = defaultBackoff.Base
	}
	if !(b.Factor >= 1) { // also catches NaN
		b.Factor = defaultBackoff.Factor
	}
	if b.Max <= 0 {
		b.Max = max(defaultBackoff.Max, b.Base)
	}
	switch {
	case b.Jitter < 0:
		b.Jitter = 0
	case !(b.Jitter > 0):
		b.Jitter = defaultBackoff.Jitter
	case b.Jitter > 1:
		b.Jitter = 1
	}
	return b
}

// Delay returns the wait after the given number of failed attempts (1 after the
// first). random is a number in [0, 1) which places the wait inside the jitter.
// The result is never negative and never above Max·(1+Jitter), whatever the number.
func (b Backoff) Delay(failed int, random float64) time.Duration {
	b = b.withDefaults()
	wait := float64(b.Base) * math.Pow(b.Factor, float64(max(failed, 1)-1))
	wait = min(wait, float64(b.Max)) // +Inf included
	wait *= 1 + b.Jitter*(2*random-1)
	if wait >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(max(wait, 0))
}
