package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// operate starts an operation.
func (f *fixture) operate(n wire.NewOperation) *wire.Operation {
	f.t.Helper()
	op, err := f.c.StartOperation(context.Background(), n)
	if err != nil {
		f.t.Fatal(err)
	}
	return op
}

// ended waits for the end of an operation, which has to end so.
func (f *fixture) ended(id, state string) *wire.Operation {
	f.t.Helper()
	for {
		op, err := f.c.Operation(context.Background(), id, time.Minute)
		if err != nil {
			f.t.Fatal(err)
		}
		if !op.Ended() {
			continue
		}
		if op.State != state || (op.Error != nil) != (state == wire.OperationFailed) {
			f.t.Errorf("it ended %s: %v, not %s", op.State, op.Error, state)
		}
		return op
	}
}

// discarded stores n jobs that have failed for good.
func (f *fixture) discarded(n int, kind string) []store.ID {
	f.t.Helper()
	ids := f.enqueue(n, queue.NewJob{Kind: kind, Queue: kind, MaxAttempts: 1})
	f.attempt(n, kind, failing("boom "+kind))
	return ids
}

func TestAnOperationOnAFilter(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		ids := f.discarded(1200, "a")
		f.discarded(3, "b")
		f.enqueue(4, queue.NewJob{Kind: "a"}) // available, so that retry does not mean them

		began := f.operate(wire.NewOperation{Action: wire.ActionRetry, Filter: "kind:a", Reason: "db is back"})
		if began.State != wire.OperationRunning || began.By == nil || *began.By != operator || began.Filter != "state:failed kind:a" {
			t.Errorf("%+v", began)
		}
		op := f.ended(began.ID, wire.OperationDone)
		if op.Total != 1200 || op.Seen != 1200 || op.Done != 1200 || op.Refused+op.Missing != 0 || op.EndedAt == nil {
			t.Errorf("%+v", op)
		}
		if n := f.count("state:available kind:a"); n != 1204 {
			t.Errorf("%d jobs are available", n)
		}
		if n := f.count("state:discarded kind:b"); n != 3 {
			t.Errorf("%d jobs of the other kind are left", n)
		}
		audit, err := f.c.Audit(t.Context(), store.ID{}, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, e := range audit.Entries {
			if total += e.Jobs; e.Jobs > chunk || e.Operation != op.ID || e.By != operator || e.Reason != "db is back" || e.Verb != wire.ActionRetry {
				t.Errorf("%+v", e)
			}
		}
		if total != 1200 || len(audit.Entries) != 3 {
			t.Errorf("the audit has %d jobs in %d entries", total, len(audit.Entries))
		}
		one, err := f.c.Audit(t.Context(), ids[7], 0, 0)
		if err != nil || len(one.Entries) != 1 {
			t.Errorf("%+v %v", one, err)
		}
	})
}

// TestEveryAction: what an action implies when a filter names no state.
func TestEveryAction(t *testing.T) {
	for action, want := range map[string]string{
		wire.ActionRetry:   "available:2->5 discarded:3->0",
		wire.ActionCancel:  "available:2->0 pending:4->0 scheduled:1->0 cancelled:0->7",
		wire.ActionDelete:  "discarded:3->0",
		wire.ActionHold:    "available:2->0 pending:4->7 scheduled:1->0",
		wire.ActionRelease: "available:2->6 pending:4->0",
		wire.ActionRunNow:  "available:2->3 scheduled:1->0",
	} {
		bubble(t, false, func(t *testing.T, f *fixture) {
			f.discarded(3, "k")
			f.enqueue(2, queue.NewJob{Kind: "k"})
			f.enqueue(4, queue.NewJob{Kind: "k", Hold: true})
			f.enqueue(1, queue.NewJob{Kind: "k", RunAt: time.Now().Add(time.Hour)})
			before := f.states()
			f.ended(f.operate(wire.NewOperation{Action: action, Filter: "kind:k"}).ID, wire.OperationDone)
			after := f.states()
			var moved []string
			for _, s := range []store.State{store.Available, store.Pending, store.Scheduled, store.Discarded, store.Cancelled} {
				if before[s] != after[s] {
					moved = append(moved, fmt.Sprintf("%s:%d->%d", s, before[s], after[s]))
				}
			}
			if got := strings.Join(moved, " "); got != want {
				t.Errorf("%s: %s, want %s", action, got, want)
			}
		})
	}
}

func (f *fixture) states() map[store.State]int64 {
	f.t.Helper()
	rows, err := f.db.Count(context.Background())
	if err != nil {
		f.t.Fatal(err)
	}
	states := map[store.State]int64{}
	for _, r := range rows {
		states[r.State] += r.N
	}
	return states
}

func TestExpect(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		f.discarded(30, "k")
		for text, n := range map[string]int64{"kind:k": 30, `error~"BOOM K"`: 30, "kind:nothing": 0} {
			wrong := n + 1
			_, err := f.c.StartOperation(t.Context(), wire.NewOperation{Action: wire.ActionDelete, Filter: text, Expect: &wrong})
			if p := problem(t, err, wire.CodeCountMoved); p.Count == nil || *p.Count != n || p.Status != 409 {
				t.Errorf("%s: %+v", text, p)
			}
		}
		if n := f.count(""); n != 30 {
			t.Errorf("%d jobs are left", n)
		}
		// With a limit it is what the operation would touch, as a selection says.
		limited := int64(20)
		op := f.operate(wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k", Expect: &limited, Limit: 20})
		if op = f.ended(op.ID, wire.OperationDone); op.Total != 20 || op.Done != 20 || f.count("") != 10 {
			t.Errorf("%+v", op)
		}
		rest := int64(10)
		if op = f.ended(f.operate(wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k", Expect: &rest}).ID, wire.OperationDone); op.Done != 10 {
			t.Errorf("%+v", op)
		}
	})
}

func TestARateIsKeptEvenly(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		f.discarded(200, "k")
		began := time.Now()
		op := f.operate(wire.NewOperation{Action: wire.ActionRetry, Filter: "kind:k", Rate: 50})
		for range 7 {
			time.Sleep(time.Second / 2)
			now, err := f.c.Operation(t.Context(), op.ID, 0)
			if err != nil {
				t.Fatal(err)
			}
			if should := int64(time.Since(began).Seconds() * 50); now.Done < should || now.Done > should+5 || now.Total != 200 {
				t.Errorf("after %v: %d of %d, should be %d", time.Since(began), now.Done, now.Total, should)
			}
		}
		if op = f.ended(op.ID, wire.OperationDone); op.Done != 200 {
			t.Errorf("%+v", op)
		}
		if took := op.EndedAt.Sub(op.StartedAt); took < 3900*time.Millisecond || took > 4*time.Second {
			t.Errorf("it took %v", took)
		}
		slow := f.operate(wire.NewOperation{Action: wire.ActionHold, Filter: "kind:k", Rate: 0.5, Limit: 3})
		slow = f.ended(slow.ID, wire.OperationDone)
		if took := slow.EndedAt.Sub(slow.StartedAt); took.Round(time.Second) != 4*time.Second || slow.Done != 3 {
			t.Errorf("%d took %v", slow.Done, took)
		}
	})
}

func TestAnOperationIsStopped(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		f.discarded(100, "k")
		op := f.operate(wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k", Rate: 10})
		time.Sleep(2500 * time.Millisecond)
		for range 2 { // the second time there is nothing left to stop
			got, err := f.c.StopOperation(t.Context(), op.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got.State != wire.OperationStopped || got.Done < 25 || got.Done > 26 || f.count("") != 100-got.Done {
				t.Errorf("%+v, and %d jobs are left", got, f.count(""))
			}
		}
		_, err := f.c.StopOperation(t.Context(), "op_nosuch")
		problem(t, err, wire.CodeNotFound)
	})
}

func TestCloseStopsOperations(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		f.discarded(100, "k")
		op := f.operate(wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k", Rate: 1})
		time.Sleep(time.Second / 2)
		began := time.Now()
		if err := f.s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("closing took %v", took)
		}
		if got := f.s.ops.all[0].snapshot(); got.ID != op.ID || got.State != wire.OperationStopped || got.Done != 1 {
			t.Errorf("%+v", got)
		}
		_, err := f.c.StartOperation(t.Context(), wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k"})
		problem(t, err, wire.CodeClosed)
	})
}

// TestRetryMeetsEachJobOnce: the jobs fail again at once, some for good and some to be tried soon, and that
// must not bring them before the operation once more.
func TestRetryMeetsEachJobOnce(t *testing.T) {
	bubble(t, true, func(t *testing.T, f *fixture) {
		const n = 50
		f.handle("k", func(_ context.Context, j *store.Job) (store.Value, error) {
			return nil, executor.RetryAfter(errors.New("still down"), time.Duration(j.ID[15]%3)*time.Second)
		})
		ids := slices.Concat(
			f.enqueue(n, queue.NewJob{Kind: "k", MaxAttempts: 2}),
			f.enqueue(n, queue.NewJob{Kind: "k", MaxAttempts: 9}),
			f.enqueue(n, queue.NewJob{Kind: "k", MaxAttempts: 1}),
		)
		f.attempt(3*n, "default", func(j *store.Job) queue.Attempt {
			a := failing("down")(j)
			a.Wait = time.Hour
			return a
		})
		op := f.operate(wire.NewOperation{Action: wire.ActionRetry, Filter: "kind:k", Rate: 150})
		time.Sleep(time.Millisecond) // no two things happen in one moment, but in virtual time
		f.start("default")
		op = f.ended(op.ID, wire.OperationDone)
		if op.Total != 3*n || op.Done != 3*n || op.Refused != 0 {
			t.Errorf("%+v", op)
		}
		// A filter may name the state that the jobs are moved to.
		time.Sleep(time.Minute)
		again := f.ended(f.operate(wire.NewOperation{Action: wire.ActionRetry, Filter: "state:available,failed kind:k"}).ID, wire.OperationDone)
		if again.Total != 3*n || again.Done != 3*n {
			t.Errorf("%+v", again)
		}
		for _, id := range ids {
			trail, err := f.db.Audit(t.Context(), store.AuditRequest{Job: id})
			if err != nil || len(trail) != 2 || trail[1].Operation != op.ID || trail[0].Operation != again.ID {
				t.Fatalf("job %s was retried %d times, %v", id, len(trail), err)
			}
		}
	})
}

func TestAnOperationOnIDs(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		ids := f.discarded(600, "k")
		f.enqueue(12, queue.NewJob{Kind: "run", Queue: "run"})
		var running []store.ID
		claimed, err := f.q.Claim(t.Context(), queue.ClaimRequest{Want: []store.Want{{Queue: "run", N: 12}}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range claimed.Jobs {
			running = append(running, claimed.Jobs[i].ID)
		}
		named := slices.Concat(ids, ids[:50], running, []store.ID{store.NewID()})
		op := f.ended(f.operate(wire.NewOperation{Action: wire.ActionDelete, IDs: named}).ID, wire.OperationDone)
		if op.Total != 613 || op.Seen != 613 || op.Done != 600 || op.Refused != 12 || op.Missing != 1 || op.Filter != "" {
			t.Errorf("%+v", op)
		}
		if len(op.RefusedSample) != shown || op.RefusedSample[0].State != store.Running || len(op.MissingSample) != 1 || op.MissingSample[0] != named[len(named)-1] {
			t.Errorf("%v %v", op.RefusedSample, op.MissingSample)
		}
	})
}

// Which jobs are meant was settled by a look at them; one that has completed since is not run again.
func TestIDsWithAFilterHeedItsStates(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		ids := f.discarded(2, "a")
		f.ended(f.operate(wire.NewOperation{Action: wire.ActionRetry, IDs: ids[:1]}).ID, wire.OperationDone)
		f.attempt(1, "a", func(*store.Job) queue.Attempt {
			return queue.Attempt{Verdict: queue.Succeeded, Result: store.Value{0xc0}}
		})
		op := f.operate(wire.NewOperation{Action: wire.ActionRetry, IDs: ids, Filter: "kind:a"})
		if op = f.ended(op.ID, wire.OperationDone); op.Done != 1 || op.Refused != 1 || op.Filter != "state:failed kind:a" {
			t.Errorf("%+v", op)
		}
		if n := f.count("state:completed"); n != 1 {
			t.Errorf("%d jobs are completed", n)
		}
	})
}

func TestOnlySoManyOperations(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		f.discarded(100, "k")
		slow := wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k", Rate: 0.1}
		var ids []string
		for range maxOperations {
			ids = append(ids, f.operate(slow).ID)
		}
		_, err := f.c.StartOperation(t.Context(), slow)
		if p := problem(t, err, wire.CodeTooMany); p.Status != 429 {
			t.Errorf("%+v", p)
		}
		f.operate(wire.NewOperation{Action: wire.ActionVerify}) // that is of another sort
		all, err := f.c.Operations(t.Context())
		if err != nil || len(all.Operations) != maxOperations+1 || all.Operations[maxOperations].ID != ids[0] {
			t.Errorf("%+v %v", all, err)
		}
		synctest.Wait()
		if n := len(f.s.ops.running()); n != maxOperations {
			t.Errorf("%d are running", n)
		}
		if _, err := f.c.StopOperation(t.Context(), ids[1]); err != nil {
			t.Fatal(err)
		}
		f.operate(slow)
	})
}

func TestTheLastOperationsAreRemembered(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		first := f.operate(wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k"})
		f.ended(first.ID, wire.OperationDone)
		last := ""
		for range remembered {
			last = f.operate(wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k"}).ID
			f.ended(last, wire.OperationDone)
		}
		synctest.Wait()
		all, err := f.c.Operations(t.Context())
		if err != nil || len(all.Operations) != remembered || all.Operations[0].ID != last {
			t.Errorf("%d operations, %v", len(all.Operations), err)
		}
		_, err = f.c.Operation(t.Context(), first.ID, 0)
		problem(t, err, wire.CodeNotFound)
	})
}

func TestWaitingForAnOperation(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		f.discarded(31, "k")
		op := f.operate(wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k", Rate: 10})
		for _, c := range []struct {
			wait, took time.Duration
			ended      bool
		}{{0, 0, false}, {time.Second, time.Second, false}, {time.Hour, 2100 * time.Millisecond, true}, {time.Hour, 0, true}} {
			began := time.Now()
			got, err := f.c.Operation(t.Context(), op.ID, c.wait)
			if err != nil || got.Ended() != c.ended || time.Since(began) != c.took {
				t.Errorf("wait %v: %v, ended %v, after %v", c.wait, err, got.Ended(), time.Since(began))
			}
		}
		if _, err := f.c.Operation(t.Context(), op.ID, 0); err != nil {
			t.Error(err)
		}
	})
}

func TestOperationsThatMakeNoSense(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		ids := f.enqueue(1, queue.NewJob{Kind: "k"})
		one, minus := int64(1), int64(-1)
		for name, c := range map[string]struct {
			n    wire.NewOperation
			code wire.Code
		}{
			"no action":               {wire.NewOperation{Filter: "kind:k"}, wire.CodeBadRequest},
			"another action":          {wire.NewOperation{Action: "explode", Filter: "kind:k"}, wire.CodeBadRequest},
			"nothing named":           {wire.NewOperation{Action: wire.ActionDelete}, wire.CodeBadRequest},
			"spaces":                  {wire.NewOperation{Action: wire.ActionDelete, Filter: "  "}, wire.CodeBadFilter},
			"both, and expect":        {wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k", IDs: ids, Expect: new(int64)}, wire.CodeBadRequest},
			"too many":                {wire.NewOperation{Action: wire.ActionDelete, IDs: make([]store.ID, maxSelected+1)}, wire.CodeTooLarge},
			"a filter":                {wire.NewOperation{Action: wire.ActionDelete, Filter: "knd:k"}, wire.CodeBadFilter},
			"retry what runs":         {wire.NewOperation{Action: wire.ActionRetry, Filter: "state:running"}, wire.CodeBadFilter},
			"hold what has ended":     {wire.NewOperation{Action: wire.ActionHold, Filter: "state:finalised"}, wire.CodeBadFilter},
			"limit":                   {wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k", Limit: -1}, wire.CodeBadRequest},
			"rate":                    {wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k", Rate: -1}, wire.CodeBadRequest},
			"a rate close to none":    {wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k", Rate: 1e-300}, wire.CodeBadRequest},
			"expect":                  {wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k", Expect: &minus}, wire.CodeBadRequest},
			"expect of ids":           {wire.NewOperation{Action: wire.ActionDelete, IDs: ids, Expect: &one}, wire.CodeBadRequest},
			"verify of jobs":          {wire.NewOperation{Action: wire.ActionVerify, Filter: "kind:k"}, wire.CodeBadRequest},
			"compact of ids":          {wire.NewOperation{Action: wire.ActionCompact, IDs: ids}, wire.CodeBadRequest},
			"a long reason to verify": {wire.NewOperation{Action: wire.ActionVerify, Reason: strings.Repeat("x", maxReason+1)}, wire.CodeTooLarge},
			"a long reason":           {wire.NewOperation{Action: wire.ActionDelete, Filter: "kind:k", Reason: strings.Repeat("x", maxReason+1)}, wire.CodeTooLarge},
		} {
			_, err := f.c.StartOperation(t.Context(), c.n)
			if p, ok := errors.AsType[*wire.Problem](err); !ok || p.Code != c.code {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
		}
		if all := f.s.ops.all; len(all) > 0 {
			t.Errorf("%+v", all)
		}
	})
}

func TestOperationsOnTheFile(t *testing.T) {
	f := serve(t, false)
	f.discarded(5, "k")
	f.enqueue(2, queue.NewJob{Kind: "k"})
	var verified wire.Verified
	op := f.ended(f.operate(wire.NewOperation{Action: wire.ActionVerify}).ID, wire.OperationDone)
	if err := json.Unmarshal(op.Report, &verified); err != nil {
		t.Fatal(err)
	}
	if verified.Jobs != 7 || verified.States["discarded"] != 5 || verified.States["available"] != 2 || verified.Total != 0 || verified.Problems == nil {
		t.Errorf("%s", op.Report)
	}
	var compacted wire.Compacted
	op = f.ended(f.operate(wire.NewOperation{Action: wire.ActionCompact}).ID, wire.OperationDone)
	if err := json.Unmarshal(op.Report, &compacted); err != nil {
		t.Fatal(err)
	}
	if compacted.BeforeBytes <= 0 || compacted.AfterBytes <= 0 {
		t.Errorf("%s", op.Report)
	}
}

// slowFile is a file whose check goes on until it is stopped.
type slowFile struct{ *boltstore.Store }

func (slowFile) Verify(ctx context.Context) (boltstore.Report, error) {
	<-ctx.Done()
	return boltstore.Report{}, ctx.Err()
}

// faultyFile panics.
type faultyFile struct{ *boltstore.Store }

func (faultyFile) Verify(context.Context) (boltstore.Report, error) { panic("oh") }

func TestAFaultInAnOperation(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		f.s.cfg.File = faultyFile{f.db}
		op := f.ended(f.operate(wire.NewOperation{Action: wire.ActionVerify}).ID, wire.OperationFailed)
		if op.Error.Code != wire.CodeInternal || op.Report != nil {
			t.Errorf("%+v", op)
		}
		f.s.cfg.File = f.db
		f.ended(f.operate(wire.NewOperation{Action: wire.ActionVerify}).ID, wire.OperationDone)
	})
}

func TestOneOperationOnTheFile(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		f.s.cfg.File = slowFile{f.db}
		op := f.operate(wire.NewOperation{Action: wire.ActionVerify})
		_, err := f.c.StartOperation(t.Context(), wire.NewOperation{Action: wire.ActionCompact})
		if p := problem(t, err, wire.CodeBusy); !strings.Contains(p.Detail, op.ID) {
			t.Errorf("%+v", p)
		}
		if got, err := f.c.StopOperation(t.Context(), op.ID); err != nil || got.State != wire.OperationStopped {
			t.Errorf("%+v %v", got, err)
		}
		f.s.cfg.File = nil
		_, err = f.c.StartOperation(t.Context(), wire.NewOperation{Action: wire.ActionVerify})
		problem(t, err, wire.CodeUnsupported)
		f.s.cfg.File = f.db
	})
}

func TestOperationIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := operationID()
		if seen[id] || len(id) != 15 || strings.Trim(strings.TrimPrefix(id, "op_"), "0123456789abcdefghijklmnopqrstuvwxyz") != "" {
			t.Fatalf("%q", id)
		}
		seen[id] = true
	}
}
