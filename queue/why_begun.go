package queue

import "github.com/bgq-dev/bgq/store"

func (s *situation) explainRunning(e *Explanation) {
	if s.Live {
		e.say("It is running. Attempt %d of %d began at %s.", s.job.Attempt, s.job.MaxAttempts, s.at(s.job.AttemptedAt))
	} else {
		e.say("It is an orphan: attempt %d of %d began at %s, and the process that ran it has died.",
			s.job.Attempt, s.job.MaxAttempts, s.at(s.job.AttemptedAt))
		switch {
		case s.running > 1:
			e.say("%d jobs were running then, and any of them may have been the cause: when the queue is opened next, all become suspects and run again, one at a time.", s.running)
		case s.job.Recoveries >= s.job.MaxRecoveries:
			e.say("It ran alone, and its budget of %d crashes is spent: when the queue is opened next, it is discarded as a crash loop.", s.job.MaxRecoveries)
		default:
			e.say("It ran alone: when the queue is opened next, the crash is held against it (%d of at most %d), and it runs again.", s.job.Recoveries+1, s.job.MaxRecoveries)
		}
		e.suggest(ActStart, "recover it")
	}
	if p := s.job.Progress; p != (store.Progress{}) {
		e.say("Its last word was: %s.", progressWords(p))
	}
}

func (s *situation) explainFinal(e *Explanation) {
	ended := s.at(s.job.FinalisedAt)
	switch s.job.State {
	case store.Completed:
		e.say("It completed at %s, with attempt %d.", ended, s.job.Attempt)
		if s.job.Consumed {
			e.say("Its result was handed out for good.")
		}
		e.suggest(ActResult, "read its result")
	case store.Cancelled:
		switch s.job.Reason {
		case "":
			e.say("It was cancelled at %s.", ended)
		case "handler": // see Queue.Decide
			e.say("It was cancelled at %s by its own handler.", ended)
			s.explainFailure(e)
		default:
			e.say("It was cancelled at %s: %s", ended, s.job.Reason)
		}
		s.suggestRetry(e, "run it after all")
	default:
		s.explainDiscarded(e, ended)
	}
}

func (s *situation) explainDiscarded(e *Explanation, ended string) {
	switch s.job.Reason {
	case ReasonCrashLoop:
		e.say("It was discarded at %s as a crash loop: its process died while it ran alone, %d %s; the budget is %d.",
			ended, s.job.Recoveries, words(int64(s.job.Recoveries), "time", "times"), s.job.MaxRecoveries)
		e.say("What it does ends the whole process, like os.Exit, running out of memory, or a panic in a goroutine of its own.")
	case ReasonPermanent:
		e.say("It was discarded at %s: its handler said that trying again is useless.", ended)
	case ReasonAttempts:
		e.say("It was discarded at %s: %s failed.", ended, allAttempts(s.job.MaxAttempts))
	case ReasonCrash:
		e.say("It was discarded at %s: its function died with the process, and cannot be found again because it was not registered.", ended)
		return // to try again would find no function
	default:
		e.say("It was discarded at %s.", ended)
	}
	s.explainFailure(e)
	e.suggest(ActShow, "see every failure")
	s.suggestRetry(e, "run it again, once the cause is mended")
}

// suggestRetry suggests to retry a final job, unless that would be refused.
func (s *situation) suggestRetry(e *Explanation, why string) {
	if s.rival.IsZero() {
		e.suggest(ActRetry, why)
		return
	}
	e.say("It cannot be retried while job %s holds its unique key %q.", s.rival, s.job.Unique)
}
