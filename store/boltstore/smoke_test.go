package boltstore

import (
	"context"
	"testing"

	"github.com/bgq-dev/bgq/store"
)

func TestLife(t *testing.T) {
	s := open(t, Options{})
	j := newTestJob()
	mustEnqueue(t, s, j)
	jobs := mustClaim(t, s, 5)
	if len(jobs) != 1 || jobs[0].ID != j.ID {
		t.Fatalf("claimed %v", jobs)
	}
	held, err := s.Finish(context.Background(), []store.Outcome{{Ref: jobs[0].Ref(), Move: completeMove, Result: store.Value{1}}})
	if err != nil || !held[0] {
		t.Fatal(held, err)
	}
	page, err := s.List(context.Background(), store.ListRequest{Filter: store.Filter{States: store.FinalStates}, Parts: store.AllParts})
	if err != nil || len(page.Jobs) != 1 {
		t.Fatal(page, err)
	}
	t.Logf("%+v", page.Jobs[0])
}
