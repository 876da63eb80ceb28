package store

import (
	"fmt"
	"strings"
)

// State is where a job stands. Which moves between states are legal is the
// business of package queue.
type State uint8

// The states of a job. Completed, Cancelled and Discarded are final.
const (
	// Pending is held: it waits until somebody releases it.
	Pending State = iota + 1
	// Available may run as soon as a slot is free.
	Available
	// Scheduled waits for its time.
	Scheduled
	// Running is claimed by an executor.
	Running
	// Retryable failed, and waits for the time of its next attempt.
	Retryable
	// Completed has a result.
	Completed
	// Cancelled was called off.
	Cancelled
	// Discarded failed for good: no attempt is left, or the error was permanent.
	Discarded
)

var stateNames = [...]string{
	Pending: "pending", Available: "available", Scheduled: "scheduled", Running: "running",
	Retryable: "retryable", Completed: "completed", Cancelled: "cancelled", Discarded: "discarded",
}

// AllStates lists the states in the order of their values.
func AllStates() []State {
	return []State{Pending, Available, Scheduled, Running, Retryable, Completed, Cancelled, Discarded}
}

// Valid tells whether s is one of the eight states.
func (s State) Valid() bool { return s >= Pending && s <= Discarded }

// Final tells whether s ends the life of a job.
func (s State) Final() bool { return s >= Completed && s <= Discarded }

// String returns the name of the state, in lower case.
func (s State) String() string {
	if !s.Valid() {
		return fmt.Sprintf("state(%d)", uint8(s))
	}
	return stateNames[s]
}

// ParseState is the inverse of [State.String].
func ParseState(name string) (State, error) {
	for _, s := range AllStates() {
		if stateNames[s] == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("no state is called %q: there are %s", name, strings.Join(stateNames[1:], ", "))
}

// MarshalText implements [encoding.TextMarshaler].
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *State) UnmarshalText(b []byte) error {
	v, err := ParseState(string(b))
	if err == nil {
		*s = v
	}
	return err
}

// States is a set of states. The zero value is empty.
type States uint16

// The named sets.
const (
	// FinalStates holds the three states that end a job.
	FinalStates = States(1<<Completed | 1<<Cancelled | 1<<Discarded)
	// EveryState holds all eight.
	EveryState = States(1<<Pending|1<<Available|1<<Scheduled|1<<Running|1<<Retryable) | FinalStates
	// FailedStates is what people mean by failed: it failed, whether it is tried again or not.
	FailedStates = States(1<<Retryable | 1<<Discarded)
)

// SetOf returns the set of the given states.
func SetOf(states ...State) States {
	var set States
	for _, s := range states {
		set |= 1 << s
	}
	return set
}

// Has tells whether s is in the set.
func (set States) Has(s State) bool { return set&(1<<s) != 0 }

// List returns the states of the set in the order of their values.
func (set States) List() []State {
	var out []State
	for _, s := range AllStates() {
		if set.Has(s) {
			out = append(out, s)
		}
	}
	return out
}

// String joins the names with commas.
func (set States) String() string {
	var names []string
	for _, s := range set.List() {
		names = append(names, s.String())
	}
	return strings.Join(names, ",")
}
