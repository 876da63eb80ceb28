package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Explanation says why a job does not run, or what became of it.
type Explanation struct {
	// Job is the job with its failures.
	Job *store.Job
	// Because are sentences, the most important first.
	Because []string
	// Remedies are what a person may do about it, the most likely first.
	Remedies []Remedy
}

// Remedy is something that a person may do about a job.
type Remedy struct {
	Do  Action
	Why string // what it is good for
}

// Action names a remedy. A front end turns it into a button or a command line.
type Action string

// The actions.
const (
	ActStart  Action = "start"  // start the program that runs the jobs
	ActRetry  Action = "retry"  // make the job available now
	ActResume Action = "resume" // resume its queue
	ActShow   Action = "show"   // look at the failures
	ActResult Action = "result" // read the result
)

// Why explains a job. live tells whether a program that runs jobs has the store
// open; if none has, a running job is an orphan. An id that does not exist is [store.ErrNotFound].
func (q *Queue) Why(ctx context.Context, id store.ID, live bool) (Explanation, error) {
	c := circumstances{live: live, now: q.store.Now()}
	var err error
	if c.job, err = q.Get(ctx, id, store.PartFailures); err != nil {
		return Explanation{}, err
	}
	queues, err := q.store.Queues(ctx)
	if err != nil {
		return Explanation{}, err
	}
	for _, info := range queues {
		if info.Name == c.job.Queue {
			c.queue = info
		}
	}
	rows, err := q.store.Count(ctx)
	if err != nil {
		return Explanation{}, err
	}
	for _, r := range rows {
		if r.State == store.Running {
			c.running += r.N
		}
		if r.Queue == c.job.Queue && r.State == store.Available {
			c.available += r.N
		}
	}
	return c.explain(), nil
}

// circumstances is all that an explanation is drawn from.
type circumstances struct {
	job       *store.Job
	queue     store.QueueInfo // of the job
	available int64           // jobs in that queue
	running   int64           // jobs in all queues
	live      bool
	now       time.Time
}

func (c *circumstances) explain() Explanation {
	e := Explanation{Job: c.job}
	switch c.job.State {
	case store.Pending:
		e.say("It is held: it waits until somebody releases it.")
		e.suggest(ActRetry, "release it")
	case store.Available:
		c.explainAvailable(&e)
	case store.Scheduled:
		e.say("It is scheduled for %s.", c.at(c.job.RunAt))
		c.explainOverdue(&e)
		e.suggest(ActRetry, "run it now")
	case store.Retryable:
		e.say("Attempt %d of %d failed; the next one is due at %s.", c.job.Attempt, c.job.MaxAttempts, c.at(c.job.RunAt))
		c.explainOverdue(&e)
		c.explainFailure(&e)
		e.suggest(ActShow, "see every failure")
		e.suggest(ActRetry, "run it now")
	case store.Running:
		c.explainRunning(&e)
	default:
		c.explainFinal(&e)
		return e
	}
	c.explainQueue(&e)
	if !c.live && c.job.State != store.Running {
		e.say("No program has the queue open, so nothing runs now.")
		e.suggest(ActStart, fmt.Sprintf("run the jobs of queue %q", c.job.Queue))
	}
	return e
}

func (c *circumstances) explainAvailable(e *Explanation) {
	e.say("It may run as soon as a program with a handler for kind %q has a free slot for queue %q.", c.job.Kind, c.job.Queue)
	if n := c.available - 1; n > 0 {
		e.say("Beside it %d available %s in the queue; a smaller priority number goes first (it has %d), then who is due earlier.",
			n, words(n, "job waits", "jobs wait"), c.job.Priority)
	}
	if c.job.Suspect {
		e.say("It was running when its process died, so it is a suspect: it runs alone, with nothing beside it, until it has survived an attempt.")
		if c.live && c.running > 0 {
			e.say("%d running %s to end first.", c.running, words(c.running, "job has", "jobs have"))
		}
	}
	if c.job.Recoveries > 0 {
		e.say("%d of at most %d crashes are held against it.", c.job.Recoveries, c.job.MaxRecoveries)
	}
	if c.explainFailure(e) {
		e.suggest(ActShow, "see every failure")
	}
}

// explainOverdue tells of a job whose time has come, but which nobody made available.
func (c *circumstances) explainOverdue(e *Explanation) {
	if !c.job.RunAt.After(c.now) {
		e.say("That time has come: it becomes available as soon as a program works on the queue.")
	}
}

func (c *circumstances) explainRunning(e *Explanation) {
	started := fmt.Sprintf("Attempt %d of %d began at %s", c.job.Attempt, c.job.MaxAttempts, c.at(c.job.AttemptedAt))
	if c.live {
		e.say("It is running. %s.", started)
	} else {
		e.say("It is an orphan: %s, and the process that ran it has died.", lowerFirst(started))
		switch {
		case c.running > 1:
			e.say("%d jobs were running then, and any of them may have been the cause: when the queue is opened next, all become suspects and run again, one at a time.", c.running)
		case c.job.Recoveries >= c.job.MaxRecoveries:
			e.say("It ran alone, and its budget of %d crashes is spent: when the queue is opened next, it is discarded as a crash loop.", c.job.MaxRecoveries)
		default:
			e.say("It ran alone: when the queue is opened next, the crash is held against it (%d of at most %d), and it runs again.", c.job.Recoveries+1, c.job.MaxRecoveries)
		}
		e.suggest(ActStart, "recover it")
	}
	if p := c.job.Progress; p != (store.Progress{}) {
		e.say("Its last word was: %s.", progressWords(p))
	}
}

func (c *circumstances) explainFinal(e *Explanation) {
	ended := c.at(c.job.FinalisedAt)
	switch c.job.State {
	case store.Completed:
		e.say("It completed at %s, with attempt %d.", ended, c.job.Attempt)
		if c.job.Consumed {
			e.say("Its result was handed out for good.")
		}
		e.suggest(ActResult, "read its result")
	case store.Cancelled:
		switch c.job.Reason {
		case "":
			e.say("It was cancelled at %s.", ended)
		case "handler": // see Queue.Decide
			e.say("It was cancelled at %s by its own handler.", ended)
			c.explainFailure(e)
		default:
			e.say("It was cancelled at %s: %s", ended, c.job.Reason)
		}
		e.suggest(ActRetry, "run it after all")
	default:
		c.explainDiscarded(e, ended)
	}
}

func (c *circumstances) explainDiscarded(e *Explanation, ended string) {
	switch c.job.Reason {
	case ReasonCrashLoop:
		e.say("It was discarded at %s as a crash loop: its process died while it ran alone, %d %s; the budget is %d.",
			ended, c.job.Recoveries, words(int64(c.job.Recoveries), "time", "times"), c.job.MaxRecoveries)
		e.say("What it does ends the whole process, like os.Exit, running out of memory, or a panic in a goroutine of its own.")
	case ReasonPermanent:
		e.say("It was discarded at %s: its handler said that trying again is useless.", ended)
	case ReasonAttempts:
		e.say("It was discarded at %s: %s failed.", ended, allAttempts(c.job.MaxAttempts))
	case ReasonCrash:
		e.say("It was discarded at %s: its function died with the process, and cannot be found again because it was not registered.", ended)
		return // to try again would find no function
	default:
		e.say("It was discarded at %s.", ended)
	}
	c.explainFailure(e)
	e.suggest(ActShow, "see every failure")
	e.suggest(ActRetry, "run it again, once the cause is mended")
}

func (c *circumstances) explainQueue(e *Explanation) {
	if !c.queue.Paused || c.job.State == store.Running {
		return
	}
	because := ""
	if c.queue.Reason != "" {
		because = fmt.Sprintf(" (%q)", c.queue.Reason)
	}
	e.Because = append([]string{fmt.Sprintf("Its queue %q is paused since %s%s: nothing is started from it.", c.queue.Name, c.at(c.queue.Since), because)}, e.Because...)
	e.Remedies = append([]Remedy{{ActResume, "let the jobs of the queue run"}}, e.Remedies...)
}

func (e *Explanation) say(format string, args ...any) {
	e.Because = append(e.Because, fmt.Sprintf(format, args...))
}

func (e *Explanation) suggest(do Action, why string) {
	e.Remedies = append(e.Remedies, Remedy{do, why})
}

// at writes a time, and how far it is from now.
func (c *circumstances) at(t time.Time) string {
	s := t.UTC().Format(time.RFC3339)
	switch d := t.Sub(c.now); {
	case d >= time.Second:
		return s + " (in " + span(d) + ")"
	case d <= -time.Second:
		return s + " (" + span(-d) + " ago)"
	}
	return s + " (now)"
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

// explainFailure quotes the latest failure. false: there is none.
func (c *circumstances) explainFailure(e *Explanation) bool {
	if len(c.job.Failures) == 0 {
		return false
	}
	f := &c.job.Failures[len(c.job.Failures)-1]
	e.say("The latest failure, at %s (%s): %s", c.at(f.At), f.Kind, f.Message)
	return true
}

func allAttempts(n int) string {
	if n == 1 {
		return "its only attempt"
	}
	return fmt.Sprintf("all of its %d attempts", n)
}

func progressWords(p store.Progress) string {
	s := fmt.Sprintf("%d done", p.Done)
	if p.Total > 0 {
		s = fmt.Sprintf("%d of %d done", p.Done, p.Total)
	}
	if p.Note != "" {
		s += ", " + p.Note
	}
	return s
}

func words(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func lowerFirst(s string) string { return string(s[0]|0x20) + s[1:] }
