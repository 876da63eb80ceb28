package store

import (
	"context"
	"time"
)

// Event tells that something has changed, and what. Events are for people who watch;
// the truth is in the records.
type Event struct {
	// Pos is the place behind the event: to go on from it is to get the next one. See [Feed].
	Pos string
	At  time.Time
	// Job, Kind, Queue and Batch are of the job that moved. An event without a Job is
	// about the settings of the queue.
	Job          ID
	Kind, Queue  string
	Batch        string
	Index        int64
	Attempt      int
	From, To     State // From is 0 for a new job, To is 0 for one that was deleted
	FailureCount int
}

// Feed is a store that can tell of every change, in the order of the commits. It
// remembers the latest ones, in memory and from the moment at which it is first asked, so that
// who lost the connection can go on where it was. Places are texts that mean something only to the
// store; two of them are equal if nothing lies between.
type Feed interface {
	// Position is the place behind the latest event.
	Position() string
	// Events returns up to limit events that come after a place: at least one, for which it waits
	// until ctx ends, and then it returns the error of ctx. The place "" is now; a limit of 0 means
	// as many as the store likes. gap tells that there were others which are not known any more:
	// the place is too old, or of a feed before a restart. Then the events are those that are
	// still known, perhaps none, and next is where to go on.
	Events(ctx context.Context, after string, limit int) (events []Event, next string, gap bool, err error)
}
