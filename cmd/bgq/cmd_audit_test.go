package main

import (
	"slices"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// TestAuditRow: a bulk operation whose latest chunk was one job is not taken for a change of that job.
func TestAuditRow(t *testing.T) {
	a := &app{now: time.Now}
	id := store.ID{1}
	for jobs, want := range map[int]bool{1: true, 10: false} {
		row := a.auditRow(wire.AuditEntry{Verb: "retry", Jobs: jobs, JobIDs: []store.ID{id}})
		if got := slices.Contains(row, id.String()); got != want {
			t.Errorf("%d jobs: the id of one of them is shown: %v, want %v: %q", jobs, got, want, row)
		}
	}
}
