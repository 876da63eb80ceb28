package queue

import (
	"fmt"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Event is something that happens to a job.
type Event uint8

// The events. Those from Release on are asked for by an operator or by the owner of the job.
const (
	Insert      Event = iota + 1 // a new job that may run at once
	InsertLater                  // a new job with a time
	InsertHeld                   // a new job that waits for its release
	Due                          // its time has come
	Claim                        // an executor takes it
	Succeed                      // the attempt returned a result
	Fail                         // the attempt failed, and there will be another
	Exhaust                      // the attempt failed, and it was the last
	Snooze                       // the attempt asks to be repeated later, and is not charged
	Interrupt                    // the process shuts down; the attempt is not charged
	Recover                      // the process died during the attempt, in company: suspected
	Charge                       // the process died during the attempt, which ran alone: charged
	Convict                      // the same, and the budget of recoveries is spent
	Abandon                      // the process died, and the function of the job with it
	Cancel                       // called off
	Release                      // no longer held
	Hold                         // held until released
	Reschedule                   // given another time
	Retry                        // to be run again whatever became of it
	Delete                       // removed, with all that is known of it
	lastEvent
)

// The reasons that a transition leaves in Job.Reason.
const (
	ReasonCrashLoop = "crash_loop" // the job killed its process too often
	ReasonPermanent = "permanent"  // the handler said that trying again is useless
	ReasonAttempts  = "attempts"   // every attempt failed
	ReasonCrash     = "crash"      // the process that held the function died
)

// rule is a row of the table: what an event does to a job.
type rule struct {
	name  string
	from  store.States // 0: the job is new
	to    store.State  // 0: the job is gone
	does  store.Move   // the effects besides the state
	words string       // the effects in words, for the diagram
}

// table is the one place that says which state follows which. Everything that
// changes a state takes its move from here; see the diagram in the package comment.
var table = [lastEvent]rule{
	Insert:      {name: "insert", to: store.Available},
	InsertLater: {name: "insert later", to: store.Scheduled},
	InsertHeld:  {name: "insert held", to: store.Pending},

	Due:   {name: "due", from: store.SetOf(store.Scheduled, store.Retryable), to: store.Available},
	Claim: {name: "claim", from: store.SetOf(store.Available), to: store.Running, does: store.Move{Attempt: +1}, words: "claim+1, attempt+1"},

	Succeed:   {name: "succeed", from: running, to: store.Completed, does: store.Move{Suspect: store.Clear}},
	Fail:      {name: "fail", from: running, to: store.Retryable, does: store.Move{Suspect: store.Clear}},
	Exhaust:   {name: "exhaust", from: running, to: store.Discarded, does: store.Move{Suspect: store.Clear}},
	Snooze:    {name: "snooze", from: running, to: store.Scheduled, does: store.Move{Attempt: -1, Suspect: store.Clear}, words: "attempt-1"},
	Interrupt: {name: "interrupt", from: running, to: store.Available, does: store.Move{Attempt: -1}, words: "attempt-1"},

	Recover: {name: "recover", from: running, to: store.Available, does: store.Move{Attempt: -1, Suspect: store.Set}, words: "attempt-1, suspect"},
	Charge:  {name: "charge", from: running, to: store.Available, does: store.Move{Attempt: -1, Recovery: +1, Suspect: store.Set}, words: "attempt-1, suspect, recoveries+1"},
	Convict: {name: "convict", from: running, to: store.Discarded, does: store.Move{Recovery: +1, Reason: ReasonCrashLoop}, words: "recoveries+1, crash_loop"},
	Abandon: {name: "abandon", from: store.EveryState &^ store.FinalStates, to: store.Discarded, does: store.Move{Reason: ReasonCrash}},

	Cancel:     {name: "cancel", from: store.EveryState &^ store.FinalStates, to: store.Cancelled},
	Release:    {name: "release", from: store.SetOf(store.Pending), to: store.Available},
	Hold:       {name: "hold", from: waiting, to: store.Pending},
	Reschedule: {name: "reschedule", from: waiting | store.SetOf(store.Pending), to: store.Scheduled},
	Retry:      {name: "retry", from: store.EveryState &^ running, to: store.Available, does: store.Move{Grant: true}, words: "one more attempt is granted"},
	Delete:     {name: "delete", from: store.EveryState &^ running},
}

var (
	running = store.SetOf(store.Running)
	waiting = store.SetOf(store.Available, store.Scheduled, store.Retryable)
)

// String returns the name of the event.
func (e Event) String() string {
	if e == 0 || e >= lastEvent {
		return fmt.Sprintf("event(%d)", uint8(e))
	}
	return table[e].name
}

// From returns the states in which the event may happen.
func (e Event) From() store.States {
	if e >= lastEvent {
		return 0
	}
	return table[e].from
}

// To returns the state that the event leads to; 0 after [Delete].
func (e Event) To() store.State {
	if e >= lastEvent {
		return 0
	}
	return table[e].to
}

// begin gives a new job the state that the event of its insertion leads to.
func begin(j *store.Job, e Event) { j.State = table[e].to }

// move returns the transition of an event. A zero at keeps the due time of the job.
func move(e Event, at time.Time) store.Move {
	r := table[e]
	m := r.does
	m.From, m.To, m.RunAt = r.from, r.to, at
	return m
}

// moveBecause is move with a reason that the table does not know.
func moveBecause(e Event, reason string) store.Move {
	m := move(e, time.Time{})
	m.Reason = reason
	return m
}

// TransitionError says that an event cannot happen to a job in its state.
type TransitionError struct {
	ID    store.ID
	Event Event
	State store.State
}

// Error names the job, its state, and the states in which the event is possible.
func (e *TransitionError) Error() string {
	return fmt.Sprintf("job %s is %s: cannot %s it; possible from: %s", e.ID, e.State, e.Event, e.Event.From())
}
