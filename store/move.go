package store

import "time"

// Move is a transition of a job, decided by package queue and applied by a store.
//
// A store applies it only if the job's state is in From. Whatever belongs to the
// move happens in the same commit: the index entry, the counters, the unique key
// (see [Until]), and these times: AttemptedAt is set when To is Running,
// FinalisedAt is set when To is final and cleared otherwise. A move to Running
// raises Claim; a move to a final state clears Suspect and Progress stays.
type Move struct {
	From States
	To   State
	// RunAt is the new due time. Zero keeps the old one.
	RunAt time.Time
	// Attempt is added to Job.Attempt: +1 for a claim, -1 to give back an attempt
	// that was interrupted.
	Attempt int
	// Recovery is added to Job.Recoveries.
	Recovery int
	// Suspect says what becomes of the mark.
	Suspect Mark
	// Grant raises MaxAttempts, if that is needed, so that one more attempt is allowed.
	Grant bool
	// Reason replaces Job.Reason.
	Reason string
}

// Mark says what a move does to a flag.
type Mark uint8

// What a move does to a flag.
const (
	Keep Mark = iota
	Set
	Clear
)

// Zero tells whether the move was never filled in.
func (m *Move) Zero() bool { return m.To == 0 }
