package boltstore

import "github.com/bgq-dev/bgq/store"

// ledger is what a transaction has done to the jobs, by queue and kind. Most transactions
// are about one queue and kind, so the account that was used last is tried first.
type ledger struct {
	accounts []account
	byName   map[series]int
	last     int

	rest  *store.Stats   // of the series beyond maxSeries; nil: there are none
	open  int            // series with statistics of their own
	spare []*store.Stats // to be used again, empty
}

// series names what is counted together.
type series struct{ queue, kind string }

// account is what happened to the jobs of one queue and kind.
type account struct {
	series
	counts [store.Discarded + 1]int64 // what is to be added to the counters, by state
	stats  *store.Stats               // without the names; nil: nothing to tell
}

// keptAccounts is how many accounts are kept from one transaction to the next.
const keptAccounts = 64

// account returns that of a queue and kind. It is good until the next call.
func (l *ledger) account(queue, kind string) *account {
	if l.last < len(l.accounts) {
		if a := &l.accounts[l.last]; a.kind == kind && a.queue == queue {
			return a
		}
	}
	s := series{queue, kind}
	i, ok := l.byName[s]
	if !ok {
		if l.byName == nil {
			l.byName = map[series]int{}
		}
		i = len(l.accounts)
		l.byName[s] = i
		l.accounts = append(l.accounts, account{series: s})
	}
	l.last = i
	return &l.accounts[i]
}

// stats returns what is counted for the queue and kind of a job.
func (l *ledger) stats(j *record) *store.Stats {
	a := l.account(j.Queue, j.Kind)
	if a.stats == nil {
		a.stats = l.newStats()
	}
	return a.stats
}

func (l *ledger) newStats() *store.Stats {
	if l.open >= maxSeries {
		if l.rest == nil {
			l.rest = &store.Stats{}
		}
		return l.rest
	}
	l.open++
	if n := len(l.spare); n > 0 {
		s := l.spare[n-1]
		l.spare = l.spare[:n-1]
		return s
	}
	return &store.Stats{}
}

// counted yields the statistics by series.
func (l *ledger) counted(yield func(series, *store.Stats) bool) {
	for i := range l.accounts {
		if a := &l.accounts[i]; a.stats != nil && a.stats != l.rest && !yield(a.series, a.stats) {
			return
		}
	}
	if l.rest != nil {
		yield(otherSeries, l.rest)
	}
}

// reset makes the ledger empty.
func (l *ledger) reset() {
	if len(l.accounts) > keptAccounts {
		*l = ledger{}
		return
	}
	for _, stats := range l.counted {
		*stats = store.Stats{}
		l.spare = append(l.spare, stats)
	}
	clear(l.accounts)
	clear(l.byName)
	l.accounts, l.last, l.open, l.rest = l.accounts[:0], 0, 0, nil
}

// tally counts that a job has come from one state to another.
func (t *txn) tally(j *record, from store.State) {
	switch j.State {
	case store.Running:
		ready := j.RunAt
		if j.CreatedAt.After(ready) {
			ready = j.CreatedAt
		}
		stats := t.stats(j)
		stats.Started++
		stats.Wait.Note(t.now.Sub(ready))
	case store.Completed:
		t.stats(j).Completed++
	case store.Retryable:
		if from == store.Running {
			t.stats(j).Failed++
		}
	case store.Discarded:
		t.stats(j).Discarded++
	case store.Cancelled:
		t.stats(j).Cancelled++
	}
}

// tallyRun counts how long an attempt ran that has just ended in completing or failing.
func (t *txn) tallyRun(j *record) {
	switch j.State {
	case store.Completed, store.Retryable, store.Discarded:
		t.stats(j).Run.Note(t.now.Sub(j.AttemptedAt))
	}
}
