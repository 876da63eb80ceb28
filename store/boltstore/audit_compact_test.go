package boltstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Audited changes, tokens and the pruning of the audit between the steps of a compaction are
// in the new file, and numbers go on there.
func TestCompactFollowsTheAudit(t *testing.T) {
	s := open(t, Options{})
	n := 0
	change := func() {
		n++
		a, b := newTestJob(), newTestJob()
		a.Token, b.Token = fmt.Sprint("a ", n), fmt.Sprint("b ", n)
		if _, err := s.Enqueue(asked(t), []store.Job{a, b}); err != nil {
			t.Fatal(err)
		}
		c := store.Change{IDs: []store.ID{a.ID}, Delete: store.EveryState}
		if _, err := s.Change(asked(t), c); err != nil {
			t.Fatal(err)
		}
		if n%4 == 0 {
			oldest, err := s.Audit(t.Context(), store.AuditRequest{Limit: 8})
			if err == nil {
				_, err = s.Maintain(t.Context(), store.Budget{Limit: 4, AuditBefore: oldest[len(oldest)-1].At.Add(time.Nanosecond)})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 20 {
		change()
	}
	c := begin(t, s)
	calls := 0
	c.between = func() {
		if calls++; calls%5 == 0 {
			change()
		}
	}
	c.do(c.copy)
	c.do(c.compare)
	c.between = nil
	change()
	want := dump(t, s)
	c.end()
	sameDump(t, dump(t, s), want)
	newest, err := s.Audit(t.Context(), store.AuditRequest{Limit: 1})
	if err != nil || len(newest) != 1 || newest[0].Seq != uint64(2*n) {
		t.Fatalf("the newest entry is %+v, %v, want number %d", newest, err, 2*n)
	}
	change()
	if newest, err = s.Audit(t.Context(), store.AuditRequest{Limit: 1}); err != nil || newest[0].Seq != uint64(2*n) {
		t.Errorf("afterwards it is %+v, %v, want number %d", newest, err, 2*n)
	}
}
