package progress

import (
	"math"
	"sync"
	"time"
)

// Counts is what is known of the inputs of a run.
type Counts struct {
	Total   int64 // to be run, of those read so far
	Reading bool  // more may come
	OK      int64 // done by this run
	Failed  int64 // failed in this run, for good
	Before  int64 // done by earlier runs; not in Total
	Unmet   int64 // failed or cancelled in earlier runs, and left so; not in Total
	Retries int64 // failed attempts that are tried again
}

// Ended is how many of Total have ended.
func (c Counts) Ended() int64 { return c.OK + c.Failed }

// Status is Counts with what follows from them.
type Status struct {
	Counts
	Elapsed time.Duration
	Rate    float64 // inputs a second, of late
	// ETA is the time that the rest will take at that rate; negative if it cannot be told.
	ETA time.Duration
}

// Meter counts, and estimates how long the rest takes. Its methods may be called
// from any goroutine.
type Meter struct {
	mu     sync.Mutex
	counts Counts
	start  time.Time

	sampled time.Time // of the last sample
	ended   int64     // at the last sample
	rate    float64   // decaying average; too small by the factor weight
	weight  float64
}

// NewMeter returns a meter of a run that starts now and is still reading its inputs.
func NewMeter(now time.Time) *Meter {
	return &Meter{start: now, sampled: now, counts: Counts{Reading: true}}
}

// Update changes the counts.
func (m *Meter) Update(f func(*Counts)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.counts)
}

// Counts returns the counts.
func (m *Meter) Counts() Counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts
}

const (
	// memory is the least time over which the rate is averaged.
	memory = 15 * time.Second
	// memoryItems is the least number of inputs over which it is averaged, so that it does not
	// jump with each one where they are long.
	memoryItems = 10
	// sampleTime is the least time between two samples.
	sampleTime = 100 * time.Millisecond
)

// Status returns where the run stands at the time now.
func (m *Meter) Status(now time.Time) Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sample(now)
	s := Status{Counts: m.counts, Elapsed: now.Sub(m.start), ETA: -1}
	if m.weight > 0 {
		s.Rate = m.rate / m.weight
	}
	left := s.Total - s.Ended()
	switch {
	case s.Reading:
	case left <= 0:
		s.ETA = 0
	case s.Rate > 0:
		if eta := float64(left) / s.Rate; eta < math.MaxInt64/float64(time.Second) {
			s.ETA = time.Duration(eta * float64(time.Second))
		}
	}
	return s
}

// sample takes what has ended since the last sample into the rate: an exponentially
// weighted average over time, which forgets half of what it knows in about ten seconds.
func (m *Meter) sample(now time.Time) {
	since := now.Sub(m.sampled)
	if since < sampleTime {
		return
	}
	ended := m.counts.Ended()
	span := memory.Seconds()
	if ended > 0 {
		span = max(span, memoryItems*now.Sub(m.start).Seconds()/float64(ended))
	}
	fresh := 1 - math.Exp(-since.Seconds()/span)
	m.rate += fresh * (float64(ended-m.ended)/since.Seconds() - m.rate)
	m.weight += fresh * (1 - m.weight)
	m.sampled, m.ended = now, ended
}
