package main

import "time"

const (
	// stint is about how long a file stays open when one page or request follows the other, as in a long search.
	// Then it is closed for a breath, in which an app that waits for the lock gets it.
	stint  = 300 * time.Millisecond
	breath = 80 * time.Millisecond
	// leastBreath is what is left of it for one who comes late; an app looks for the lock more often.
	leastBreath = 30 * time.Millisecond
)

// breathFor tells for how long to let go of a file that was opened then; 0: it may stay open. Breaths begin by the
// clock on the wall, so that all commands that read one file let go of it together: as long as
// one of them holds its lock no app gets it.
func breathFor(opened, now time.Time) time.Duration {
	tick := now.Truncate(stint)
	switch held := now.Sub(opened); {
	case tick.Sub(opened) >= stint/3: // what ends soon is not interrupted
	case held >= 2*stint: // the clock was set
	default:
		return 0
	}
	return max(tick.Add(breath).Sub(now), leastBreath)
}
