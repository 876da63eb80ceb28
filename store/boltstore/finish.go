package boltstore

import (
	"context"
	"fmt"

	"github.com/bgq-dev/bgq/store"
)

// Finish implements [store.Store]. It goes on when the disk is nearly full, but for the logs.
func (s *Store) Finish(ctx context.Context, outcomes []store.Outcome) ([]bool, error) {
	if len(outcomes) == 0 {
		return nil, nil
	}
	ends, err := s.prepareEnds(outcomes)
	if err != nil {
		return nil, err
	}
	jobs, bytes := 0, 0
	for i := range ends {
		jobs += 1 + len(ends[i].next) + len(ends[i].lines)
		bytes += ends[i].size()
	}
	var held []bool
	err = s.do(ctx, &op{
		blind: true, jobs: jobs, bytes: bytes,
		run: func(t *txn) (err error) {
			s.spareLogs(t.tx, ends)
			held, err = t.finish(ends)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return held, nil
}

// end is an outcome that was checked, and whose values are ready to be written.
type end struct {
	store.Outcome
	inside  []byte // the result, if it belongs into the record
	result  []byte // sealed, if it stands apart
	failure []byte // encoded; nil: none
	lines   [][]byte
	logged  int // their size
	next    []newJob
}

func (e *end) size() int {
	return len(e.inside) + len(e.result) + len(e.failure) + e.logged + sizeOf(e.next)
}

func (s *Store) prepareEnds(outcomes []store.Outcome) ([]end, error) {
	if err := s.checkCount(len(outcomes)); err != nil {
		return nil, err
	}
	ends := make([]end, len(outcomes))
	for i := range outcomes {
		o := &outcomes[i]
		err := checkMove(&o.Move)
		if err == nil {
			err = s.checkValue("result", o.Result)
		}
		if err != nil {
			return nil, fmt.Errorf("outcome of job %s: %w", o.Ref.ID, err)
		}
		ends[i].Outcome = *o
		switch {
		case inlined(o.Result):
			ends[i].inside = append([]byte{}, o.Result...)
		case o.Result != nil:
			ends[i].result = sealValue(o.Ref.ID[:], o.Result)
		}
		if ends[i].failure, err = encodeFailure(o.Failure); err != nil {
			return nil, fmt.Errorf("failure of job %s: %w", o.Ref.ID, err)
		}
		if ends[i].lines, err = s.prepareLines(o.Lines, &ends[i].logged); err != nil {
			return nil, fmt.Errorf("log of job %s: %w", o.Ref.ID, err)
		}
		if ends[i].next, err = s.prepare(o.Next); err != nil {
			return nil, fmt.Errorf("behind job %s: %w", o.Ref.ID, err)
		}
	}
	return ends, nil
}

// finish records those outcomes whose claims hold.
func (t *txn) finish(ends []end) ([]bool, error) {
	for i := range ends {
		if j, err := t.running(ends[i].Ref); err != nil {
			return nil, err
		} else if j == nil {
			continue
		}
		if err := t.checkNew(ends[i].next); err != nil {
			return nil, err
		}
	}
	held := make([]bool, len(ends))
	for i := range ends {
		e := &ends[i]
		j, _ := t.running(e.Ref) // in memory since the loop above
		if j == nil || !e.Move.From.Has(j.State) {
			continue
		}
		held[i] = true
		t.apply(j, &e.Move, func() {
			t.setResult(j, e)
			t.addFailure(j, e.failure)
		})
		t.tallyRun(j)
		t.appendLines(j.ID, e.lines)
		t.storeNew(e.next)
	}
	return held, nil
}

// setResult puts a result in the place of an earlier one, if there is one. The caller
// writes the record.
func (t *txn) setResult(j *record, e *end) {
	if e.Result == nil {
		return
	}
	if e.result != nil {
		t.put(tableResult, j.ID[:], e.result)
	} else if j.resultApart() {
		t.delete(tableResult, j.ID[:])
	}
	j.result, j.ResultSize, j.Consumed = e.inside, len(e.Result), false
}

// running returns the job of a claim, or nil if the claim does not hold any more.
func (t *txn) running(ref store.Ref) (*record, error) {
	j, err := t.load(ref.ID)
	if err != nil || j == nil || j.State != store.Running || j.Claim != ref.Claim {
		return nil, err
	}
	return j, nil
}
