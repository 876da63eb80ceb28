package run

import (
	"context"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// plan knows the members of the batch, and decides what becomes of each input.
type plan struct {
	batch       store.Batch
	retryFailed bool
	members     map[key]member
	next        int64 // the index of the next new member
}

// member is what is known of an input.
type member struct {
	index  int64
	state  store.State
	copies uint32 // further occurrences in this list, counted at the first one
	listed bool   // it is in this list
}

// action is what becomes of an input.
type action uint8

const (
	add     action = iota // it is new
	wait                  // it is there and will be run
	release               // it is held
	retry                 // it has failed, and is to be run again
	skip                  // it is done
	leave                 // it has failed or was cancelled, and is left so
)

// runs tells whether the input is run by this run.
func (a action) runs() bool { return a <= retry }

// loadPlan reads what the journal knows of the batch.
func loadPlan(ctx context.Context, q *queue.Queue, b store.Batch, retryFailed bool) (*plan, error) {
	p := &plan{batch: b, retryFailed: retryFailed, members: map[key]member{}, next: b.Next}
	req := store.ListRequest{Filter: store.Filter{Batches: []string{b.Name}}, Ascending: true, Limit: 1000}
	for {
		page, err := q.List(ctx, req)
		if err != nil {
			return nil, err
		}
		for i := range page.Jobs {
			j := &page.Jobs[i]
			k, err := parseUnique(j.Unique, b.Name)
			if err != nil {
				return nil, err
			}
			p.members[k] = member{index: j.Index, state: j.State}
			p.next = max(p.next, j.Index+1)
		}
		if page.Next == "" {
			return p, nil
		}
		req.Cursor = page.Next
	}
}

// decide takes the next input of the list, and returns its identity, its index and what
// becomes of it.
func (p *plan) decide(input string) (key, int64, action) {
	k := keyOf(input, 0)
	m, known := p.members[k]
	if known && m.listed { // a further occurrence
		m.copies++
		p.members[k] = m
		k = keyOf(input, m.copies)
		m, known = p.members[k]
	}
	if !known {
		m = member{index: p.next, state: store.Available, listed: true}
		p.next++
		p.members[k] = m
		return k, m.index, add
	}
	m.listed = true
	p.members[k] = m
	switch m.state {
	case store.Completed:
		return k, m.index, skip
	case store.Discarded:
		if p.retryFailed {
			return k, m.index, retry
		}
		return k, m.index, leave
	case store.Cancelled:
		return k, m.index, leave
	case store.Pending:
		return k, m.index, release
	}
	return k, m.index, wait
}

// unlisted returns the ids of members that are not finished and not in the list as far as
// it was read, in these states.
func (p *plan) unlisted(states store.States) []store.ID {
	var ids []store.ID
	for _, m := range p.members {
		if !m.listed && states.Has(m.state) {
			ids = append(ids, p.batch.Base.Member(m.index))
		}
	}
	return ids
}

// held notes that those that unlisted returned are held now.
func (p *plan) held(states store.States) {
	for k, m := range p.members {
		if !m.listed && states.Has(m.state) {
			m.state = store.Pending
			p.members[k] = m
		}
	}
}
