package boltstore

import (
	"fmt"

	"github.com/bgq-dev/bgq/store"
)

// checkMove refuses a move that makes no sense for any job.
func checkMove(m *store.Move) error {
	if !m.To.Valid() {
		return fmt.Errorf("a move leads to no state: %s", m.To)
	}
	if err := checkTime("the due time", m.RunAt); err != nil {
		return err
	}
	return checkText("reason", m.Reason, maxText)
}

// admits tells whether a move may be applied to a job: the job is in one of its
// states, and nobody else holds the unique key that the job would take back.
func (t *txn) admits(j *record, m *store.Move) (bool, error) {
	if !m.From.Has(j.State) {
		return false, nil
	}
	after := *j
	moveFields(&after.Job, m)
	if wantsKey(j) || !wantsKey(&after) {
		return true, nil
	}
	taken, err := t.keyTaken(j)
	return !taken, err
}

// apply moves a job that admits has let through. also may change more of it.
func (t *txn) apply(j *record, m *store.Move, also func()) {
	held := wantsKey(j)
	t.update(j, func() {
		moveFields(&j.Job, m)
		switch {
		case m.To == store.Running:
			j.AttemptedAt = t.now
		case m.To.Final():
			j.FinalisedAt = t.now
		}
		if also != nil {
			also()
		}
	})
	switch holds := wantsKey(j); {
	case held && !holds:
		t.dropKey(j)
	case holds && !held:
		t.takeKey(j)
	}
}

// moveFields does to the fields of a job what store.Move says, except for the times.
func moveFields(j *store.Job, m *store.Move) {
	j.State = m.To
	if !m.RunAt.IsZero() {
		j.RunAt = stored(m.RunAt)
	}
	j.Attempt = max(0, j.Attempt+m.Attempt)
	j.Recoveries = max(0, j.Recoveries+m.Recovery)
	switch m.Suspect {
	case store.Set:
		j.Suspect = true
	case store.Clear:
		j.Suspect = false
	}
	if m.Grant {
		j.MaxAttempts = max(j.MaxAttempts, j.Attempt+1)
	}
	j.Reason = m.Reason
	switch {
	case m.To == store.Running:
		j.Claim++
	case m.To.Final():
		j.Suspect = false
	}
	if !m.To.Final() {
		j.FinalisedAt = fromNanos(0)
	}
}
