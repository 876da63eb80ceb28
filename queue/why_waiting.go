package queue

import (
	"fmt"
	"math"
	"strconv"

	"github.com/bgq-dev/bgq/store"
)

func (s *situation) explainAvailable(e *Explanation) {
	if !s.explainUnserved(e) {
		s.explainTurn(e)
	}
	if s.job.Suspect {
		e.say("It was running when its process died, so it is a suspect: it runs alone, with nothing beside it, until it has survived an attempt.")
		if s.Live && s.running > 0 {
			e.say("%d running %s to end first.", s.running, words(s.running, "job has", "jobs have"))
		}
	}
	if s.job.Recoveries > 0 {
		e.say("%d of at most %d crashes are held against it.", s.job.Recoveries, s.job.MaxRecoveries)
	}
	if s.explainFailure(e) {
		e.suggest(ActShow, "see every failure")
	}
}

// explainTurn tells what has to happen before an available job is started.
func (s *situation) explainTurn(e *Explanation) {
	n, known := s.workers()
	switch {
	case known && s.busy >= int64(n):
		e.say("It may run as soon as one of the %d %s of queue %q is free; all of them are busy.", n, words(int64(n), "worker", "workers"), s.job.Queue)
	case known && s.Kinds != nil && !s.job.Suspect && !s.queue.Paused && s.queue.Rate == 0:
		e.say("It may run at once: there is a handler for kind %q, and %d of %d %s of queue %q are free.",
			s.job.Kind, int64(n)-s.busy, n, words(int64(n), "worker", "workers"), s.job.Queue)
	default:
		e.say("It may run as soon as a program with a handler for kind %q has a free slot for queue %q.", s.job.Kind, s.job.Queue)
	}
	if n := s.available - 1; n > 0 {
		e.say("Beside it %d available %s in the queue; a smaller priority number goes first (it has %d), then who is due earlier.",
			n, words(n, "job waits", "jobs wait"), s.job.Priority)
	}
}

// explainUnserved tells that the program which is there cannot run the job. false: it can, or
// that is not known.
func (s *situation) explainUnserved(e *Explanation) bool {
	handled := s.handled()
	if !handled {
		e.say("The program that is running has no handler for kind %q: the job waits until one that has is started.", s.job.Kind)
		e.suggest(ActStart, fmt.Sprintf("with a handler for kind %q", s.job.Kind))
	}
	n, known := s.workers()
	if known && n == 0 {
		e.say("The program that is running has no worker for queue %q.", s.job.Queue)
		if handled {
			e.suggest(ActStart, fmt.Sprintf("with workers for queue %q", s.job.Queue))
		}
	}
	return !handled || known && n == 0
}

// explainOverdue tells of a job whose time has come, but which nobody made available.
func (s *situation) explainOverdue(e *Explanation) {
	if !s.job.RunAt.After(s.now) {
		e.say("That time has come: it becomes available as soon as a program works on the queue.")
	}
}

// explainQueue tells what the settings of the queue do to a job that waits.
func (s *situation) explainQueue(e *Explanation) {
	if s.queue.Rate > 0 {
		e.Because = append([]string{fmt.Sprintf("Queue %q starts at most %s: that is its rate limit.", s.queue.Name, rateWords(s.queue.Rate))}, e.Because...)
	}
	if !s.queue.Paused {
		return
	}
	by := ""
	if who := actorWords(s.queue.By); who != "" {
		by = " by " + who
	}
	pause := fmt.Sprintf("Its queue %q is paused since %s%s%s: nothing is started from it.",
		s.queue.Name, s.at(s.queue.Since), by, s.because(s.queue.Reason))
	e.Because = append([]string{pause}, e.Because...)
	e.Remedies = append([]Remedy{{ActResume, "let the jobs of the queue run"}}, e.Remedies...)
}

// rateWords writes a rate by the unit in which it is no fraction.
func rateWords(perSecond float64) string {
	n, unit := perSecond, "a second"
	switch {
	case n < 1.0/60:
		n, unit = n*3600, "an hour"
	case n < 1:
		n, unit = n*60, "a minute"
	}
	n = math.Round(n*100) / 100
	if n == 1 {
		return "1 job " + unit
	}
	return strconv.FormatFloat(n, 'f', -1, 64) + " jobs " + unit
}

// actorWords names somebody for people, or returns "".
func actorWords(a store.Actor) string {
	switch {
	case a.Name != "":
		return a.Name
	case a != store.Actor{} && a.UID >= 0:
		return fmt.Sprintf("user %d", a.UID)
	}
	return ""
}
