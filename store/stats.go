package store

import (
	"math"
	"math/bits"
	"time"
)

// OtherStats is the queue and the kind of statistics that are not counted by name: a store may
// count so all queues and kinds beyond the first hundreds of a span.
const OtherStats = "…other"

// Stats counts what happened to the jobs of one queue and kind within one span of time.
//
// An attempt that was snoozed or interrupted, whose process died, or whose job was cancelled
// meanwhile was started, and none of Completed, Failed and Discarded counts its end. Jobs that an operator
// makes available again are not counted as enqueued.
type Stats struct {
	At          time.Time     // when the span begins
	Span        time.Duration // a minute, or an hour where it is long ago
	Queue, Kind string
	// The number of jobs that were enqueued, of attempts that were started, and of attempts that ended so:
	// Failed ones are tried again. Discarded and Cancelled count jobs, also those that did not run.
	Enqueued, Started                       int64
	Completed, Failed, Discarded, Cancelled int64
	// Wait is from when a job could have run, which is the later of its RunAt and CreatedAt, to the
	// start of each attempt. Run is from the start of each attempt that completed or failed to its end.
	Wait, Run Spread
}

// Add adds the counters of another span to s.
func (s *Stats) Add(o *Stats) {
	s.Enqueued += o.Enqueued
	s.Started += o.Started
	s.Completed += o.Completed
	s.Failed += o.Failed
	s.Discarded += o.Discarded
	s.Cancelled += o.Cancelled
	s.Wait.Merge(&o.Wait)
	s.Run.Merge(&o.Run)
}

// The shape of a Spread: steps of √2 from a microsecond to more than an hour.
const spreadSteps = 66

// Spread is how durations are distributed: a histogram with steps of √2, so that a
// quantile is right to about 20 %. The zero value is empty.
type Spread [spreadSteps]uint32

// spreadFloors is where each step begins; the first takes whatever is shorter.
var spreadFloors = func() (floors [spreadSteps]time.Duration) {
	for i := range floors {
		floors[i] = time.Duration(math.Ceil(math.Exp2(float64(i)/2) * float64(time.Microsecond)))
	}
	return floors
}()

// Note counts a duration.
func (s *Spread) Note(d time.Duration) {
	i := 0
	if us := d / time.Microsecond; us > 0 {
		i = min(2*(bits.Len64(uint64(us))-1), spreadSteps-1)
		if i+1 < spreadSteps && d >= spreadFloors[i+1] {
			i++
		}
	}
	if s[i] < math.MaxUint32 {
		s[i]++
	}
}

// Merge adds another spread.
func (s *Spread) Merge(o *Spread) {
	for i := range s {
		s[i] = uint32(min(uint64(s[i])+uint64(o[i]), math.MaxUint32))
	}
}

// Count is the number of durations.
func (s *Spread) Count() int64 {
	var n int64
	for _, c := range s {
		n += int64(c)
	}
	return n
}

// Quantile returns the duration below which the share p of all lie, 0 ≤ p ≤ 1: the middle of the step it
// falls into. It is 0 when there is none.
func (s *Spread) Quantile(p float64) time.Duration {
	total := s.Count()
	if total == 0 {
		return 0
	}
	rank := max(1, int64(math.Ceil(p*float64(total))))
	for i, c := range s {
		if rank -= int64(c); rank <= 0 {
			return time.Duration(math.Exp2((float64(i)+0.5)/2) * float64(time.Microsecond))
		}
	}
	return 0
}
