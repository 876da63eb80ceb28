package queue

import (
	"fmt"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// at writes a time, and how far it is from now.
func (s *situation) at(t time.Time) string {
	text := t.UTC().Format(time.RFC3339)
	switch d := t.Sub(s.now); {
	case d >= time.Second:
		return text + " (in " + span(d) + ")"
	case d <= -time.Second:
		return text + " (" + span(-d) + " ago)"
	}
	return text + " (now)"
}

// span writes a duration in its two largest units.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	d = d.Round(time.Second)
	switch {
	case d >= day:
		return fmt.Sprintf("%dd%dh", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

// because quotes a reason, if there is one.
func (s *situation) because(reason string) string {
	if reason == "" {
		return ""
	}
	return fmt.Sprintf(" (%q)", reason)
}

// explainFailure quotes the latest failure. false: there is none.
func (s *situation) explainFailure(e *Explanation) bool {
	if len(s.job.Failures) == 0 {
		return false
	}
	f := &s.job.Failures[len(s.job.Failures)-1]
	e.say("The latest failure, at %s (%s): %s", s.at(f.At), f.Kind, f.Message)
	return true
}

func allAttempts(n int) string {
	if n == 1 {
		return "its only attempt"
	}
	return fmt.Sprintf("all of its %d attempts", n)
}

func progressWords(p store.Progress) string {
	text := fmt.Sprintf("%d done", p.Done)
	if p.Total > 0 {
		text = fmt.Sprintf("%d of %d done", p.Done, p.Total)
	}
	if p.Note != "" {
		text += ", " + p.Note
	}
	return text
}

func words(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
