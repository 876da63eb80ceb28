package progress

import (
	"fmt"
	"strings"
	"time"
)

// counters is how many inputs have ended.
func (s Status) counters() string { return fmt.Sprintf("%d/%s", s.Ended(), s.total()) }

// pace is how fast it goes and how long it will take.
func (s Status) pace() string {
	var parts []string
	if s.Rate > 0 {
		parts = append(parts, s.rate())
	}
	if s.ETA > 0 {
		parts = append(parts, Duration(s.ETA)+" left")
	}
	if s.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", s.Failed))
	}
	return strings.Join(parts, ", ")
}

// Line says where a run stands, in one line without colours.
func (s Status) Line() string {
	line := s.counters()
	if !s.Reading && s.Total > 0 {
		line += fmt.Sprintf(" (%d%%)", s.Ended()*100/s.Total)
	}
	if pace := s.pace(); pace != "" {
		line += ", " + pace
	}
	return line
}

// total is the number of inputs, marked if more may come.
func (s Status) total() string {
	if s.Reading {
		return fmt.Sprintf("%d+", s.Total)
	}
	return fmt.Sprint(s.Total)
}

// rate writes the rate in the unit in which it is a number above one.
func (s Status) rate() string {
	switch {
	case s.Rate >= 100:
		return fmt.Sprintf("%.0f/s", s.Rate)
	case s.Rate >= 1:
		return fmt.Sprintf("%.1f/s", s.Rate)
	case s.Rate*60 >= 1:
		return fmt.Sprintf("%.1f/min", s.Rate*60)
	}
	return fmt.Sprintf("%.1f/h", s.Rate*3600)
}

// Duration writes a duration with as many digits as people want to read.
func Duration(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	s := int64(d.Round(time.Second).Seconds())
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 60*60:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 48*60*60:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%02dh", s/86400, s/3600%24)
}
