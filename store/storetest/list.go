package storetest

import (
	"slices"
	"time"

	"github.com/bgq-dev/bgq/store"
)

var listCases = []scenario{
	{"selects what the filter matches", listSelects},
	{"goes by id, newest first", listByID},
	{"goes by state when states are named", listByState},
	{"goes through a batch by index", listBatch},
	{"pages without gaps and repeats", listPages},
	{"goes on while jobs change", listWhileChanging},
	{"returns 100 unless told", listDefaultLimit},
	{"refuses a cursor that it did not give", listBadCursor},
}

// corpus stores jobs of all sorts, and returns them whole, by id.
func (fx *fixture) corpus() []store.Job {
	fx.Helper()
	b := fx.putBatch(newBatch("nov"))
	for i := range 4 {
		ids := fx.oneOfEach()
		for s, id := range ids {
			if s == store.Running {
				fx.move(id, store.Move{From: running, To: store.Running, Attempt: i, Recovery: i % 2})
			}
		}
		fx.tick()
	}
	for i, kind := range []string{"resize", "send", "resize"} {
		j := fx.newJob()
		j.Kind, j.Queue, j.Priority, j.Tags = kind, "mail", int16(i-1), []string{"acme", kind}
		j.Unique = "u" + kind + string(rune('0'+i))
		fx.enqueue(j)
		m := fx.member(b, int64(i))
		m.Tags = []string{"acme"}
		fx.enqueue(m)
	}
	for _, message := range []string{"connection Timeout", "no such file"} {
		j := fx.newJob()
		j.Queue = "failing"
		fx.enqueue(j)
		req := request(1)
		req.Want[0].Queue = j.Queue
		claimed := fx.claimWith(req).Jobs[0]
		fx.finish(store.Outcome{Ref: claimed.Ref(), Move: discardIt, Failure: &store.Failure{
			At: fx.Now(), Kind: store.FailError, Message: message,
			Chain: []store.Cause{{Message: message, Type: "*net.OpError"}},
		}})
		fx.tick()
	}
	return byID(fx.list(store.ListRequest{Parts: store.AllParts}))
}

func byID(jobs []store.Job) []store.Job {
	return slices.SortedFunc(slices.Values(jobs), func(a, b store.Job) int { return compareIDs(a.ID, b.ID) })
}

func compareIDs(a, b store.ID) int { return slices.Compare(a[:], b[:]) }

// filters are selections of the corpus; the answer of each is found by Match.
func filters(jobs []store.Job, now time.Time) []store.Filter {
	mid := jobs[len(jobs)/2]
	timeout := store.Failure{Kind: store.FailError, Message: "connection Timeout", Chain: []store.Cause{{Type: "*net.OpError"}}}
	mark := timeout.Fingerprint("k")
	return []store.Filter{
		{},
		{States: store.SetOf(store.Available)},
		{States: store.FailedStates},
		{States: store.FinalStates},
		{States: store.SetOf(store.Running, store.Pending, store.Scheduled)},
		{States: store.EveryState},
		{IDs: []store.ID{mid.ID, jobs[0].ID, {1}}},
		{IDs: []store.ID{mid.ID}, States: store.SetOf(store.Discarded)},
		{Queues: []string{"mail", "none"}},
		{Queues: []string{"q"}, States: store.SetOf(store.Available)},
		{Kinds: []string{"resize"}},
		{Kinds: []string{"resize"}, Queues: []string{"q"}},
		{Batches: []string{"nov"}},
		{Batches: []string{"nov", "none"}, States: store.SetOf(store.Available)},
		{Batches: []string{"nov"}, Index: []store.Range{{Min: 1, Max: 2}}},
		{Tags: []string{"acme"}},
		{Tags: []string{"send", "resize"}, Queues: []string{"mail"}},
		{Unique: []string{"usend1"}},
		{Error: []string{"TIMEOUT"}},
		{Error: []string{"operror", "file"}},
		{Fingerprints: []string{mark}},
		{Fingerprints: []string{mark, "000000000000"}, States: store.FailedStates},
		{Not: []store.Filter{{Fingerprints: []string{mark}}}, States: store.SetOf(store.Discarded)},
		{Reason: []string{"permanent", "operator"}},
		{CreatedAfter: mid.CreatedAt},
		{CreatedBefore: mid.CreatedAt, States: store.SetOf(store.Completed)},
		{RunAfter: now},
		{RunAfter: jobs[0].RunAt, RunBefore: now},
		{FinalisedAfter: mid.CreatedAt},
		{FinalisedBefore: mid.CreatedAt, FinalisedAfter: jobs[0].CreatedAt},
		{Attempts: []store.Range{{Min: 2, Max: 9}}},
		{Recoveries: []store.Range{{Min: 1, Max: 1}}},
		{Priority: []store.Range{{Min: -5, Max: -1}}},
		{Queues: []string{"mail"}, Not: []store.Filter{{Kinds: []string{"send"}}}},
		{States: store.EveryState, Not: []store.Filter{{States: store.FinalStates}, {Tags: []string{"acme"}}}},
		{Not: []store.Filter{{Error: []string{"timeout"}}}, States: store.SetOf(store.Discarded)},
	}
}

func listSelects(fx *fixture) {
	all := fx.corpus()
	fx.Checkpoint()
	selected := 0
	for _, f := range filters(all, fx.Now()) {
		var want []store.ID
		for _, j := range all {
			if f.Match(&j) {
				want = append(want, j.ID)
			}
		}
		selected += min(len(want), 1)
		for _, req := range []store.ListRequest{{Limit: 100}, {Limit: 3}, {Limit: 3, Ascending: true}, {Limit: 1, Parts: store.AllParts}} {
			req.Filter = f
			got := byID(fx.list(req))
			if !slices.Equal(idsOf(got), want) {
				fx.Errorf("%+v by pages of %d: got %d jobs, want %d", f, req.Limit, len(got), len(want))
				continue
			}
			for _, j := range got {
				whole := all[slices.IndexFunc(all, func(o store.Job) bool { return o.ID == j.ID })]
				if d := diff(partsOf(whole, req.Parts), j); d != "" {
					fx.Errorf("%+v: job %s:%s", f, j.ID, d)
				}
			}
		}
	}
	if selected < 31 {
		fx.Errorf("only %d filters select something: the corpus is too poor", selected)
	}
}

func listByID(fx *fixture) {
	all := idsOf(fx.corpus())
	fx.Checkpoint()
	ascending := store.ListRequest{Limit: 7, Ascending: true}
	fx.wantIDs("ascending", idsOf(fx.list(ascending)), all)
	slices.Reverse(all)
	fx.wantIDs("newest first", idsOf(fx.list(store.ListRequest{Limit: 7})), all)
}

func listByState(fx *fixture) {
	fx.corpus()
	fx.Checkpoint()
	for _, s := range store.AllStates() {
		jobs := fx.list(store.ListRequest{Limit: 3, Filter: store.Filter{States: store.SetOf(s)}})
		newestFirst := func(a, b store.Job) int {
			switch {
			case s.Final():
				return b.FinalisedAt.Compare(a.FinalisedAt)
			case due.Has(s):
				return b.RunAt.Compare(a.RunAt)
			default:
				return compareIDs(b.ID, a.ID)
			}
		}
		if len(jobs) < 4 || !slices.IsSortedFunc(jobs, newestFirst) {
			fx.Errorf("the %d %s jobs are not in order, newest first", len(jobs), s)
		}
	}
	// Several states come one after the other.
	jobs := fx.list(store.ListRequest{Limit: 3, Filter: store.Filter{States: store.EveryState}})
	var order []store.State
	for _, j := range jobs {
		if len(order) == 0 || order[len(order)-1] != j.State {
			order = append(order, j.State)
		}
	}
	if len(order) != len(store.AllStates()) {
		fx.Errorf("the states are mixed: %v", order)
	}
}

func listBatch(fx *fixture) {
	b, other := fx.putBatch(newBatch("b")), fx.putBatch(newBatch("c"))
	members := fx.members(b, 0, 300)
	fx.enqueue(members...)
	fx.enqueue(fx.members(other, 0, 5)...)
	fx.enqueue(fx.newJobs(5)...)
	ids := idsOf(members)
	for i := range 40 {
		fx.move(ids[i*7%300], cancelIt)
	}
	fx.Checkpoint()
	inBatch := store.Filter{Batches: []string{"b"}}
	for _, from := range []int64{0, 1, 7, 255, 256, 299, 300, 1 << 40} {
		got := fx.list(store.ListRequest{Filter: inBatch, Ascending: true, From: from, Limit: 70})
		fx.wantIDs("from an index", idsOf(got), ids[min(from, 300):])
	}
	page, err := fx.List(fx.Context(), store.ListRequest{Filter: inBatch, Ascending: true, From: 200, Limit: 3})
	if err != nil || page.Scanned > 50 {
		fx.Errorf("List from 200 looked at %d records, %v: it should seek", page.Scanned, err)
	}
	// With states named, a batch still goes by id.
	cancelled := store.ListRequest{Filter: inBatch, Ascending: true, Limit: 9}
	cancelled.Filter.States = store.SetOf(store.Cancelled, store.Available)
	fx.wantIDs("cancelled and available", idsOf(fx.list(cancelled)), ids)
	slices.Reverse(ids)
	fx.wantIDs("newest first", idsOf(fx.list(store.ListRequest{Filter: inBatch, Limit: 70})), ids)
}

func listPages(fx *fixture) {
	all := fx.corpus()
	for _, limit := range []int{1, 2, len(all) - 1, len(all), len(all) + 1} {
		for _, f := range []store.Filter{{}, {States: store.EveryState}, {States: store.FinalStates}, {Kinds: []string{"k"}}, {Batches: []string{"nov"}}} {
			for _, ascending := range []bool{false, true} {
				req := store.ListRequest{Filter: f, Limit: limit, Ascending: ascending}
				var want []store.ID
				for _, j := range all {
					if f.Match(&j) {
						want = append(want, j.ID)
					}
				}
				got := idsOf(byID(fx.list(req)))
				if !slices.Equal(got, want) {
					fx.Errorf("%+v by pages of %d, ascending %v: got %d jobs, want each of %d once", f, limit, ascending, len(got), len(want))
				}
			}
		}
	}
	// A cursor outlives the store that gave it.
	for _, states := range []store.States{0, store.EveryState} {
		req := store.ListRequest{Limit: 5, Filter: store.Filter{States: states}}
		want := idsOf(fx.list(req))
		var got []store.ID
		for range len(all) + 1 {
			page, err := fx.List(fx.Context(), req)
			if err != nil {
				fx.Fatalf("List: %v", err)
			}
			got = append(got, idsOf(page.Jobs)...)
			if req.Cursor = page.Next; req.Cursor == "" {
				break
			}
			fx.Checkpoint()
		}
		fx.wantIDs("with reopening between the pages", got, want)
	}
}

// Whatever happens to other jobs between the pages, by id each job that is there all
// the time comes exactly once.
func listWhileChanging(fx *fixture) {
	jobs := fx.newJobs(30)
	fx.enqueue(jobs...)
	fx.Checkpoint()
	doomed := map[store.ID]bool{}
	req := store.ListRequest{Limit: 4}
	seen := map[store.ID]int{}
	for i := 0; ; i++ {
		page, err := fx.List(fx.Context(), req)
		if err != nil || i > 100 {
			fx.Fatalf("List: page %d, %v", i, err)
		}
		for _, j := range page.Jobs {
			seen[j.ID]++
		}
		if req.Cursor = page.Next; req.Cursor == "" {
			break
		}
		// Delete the job on which the cursor may stand, move another, add a third.
		if n := len(page.Jobs); n > 0 {
			last := page.Jobs[n-1].ID
			doomed[last] = true
			fx.change(store.Change{IDs: []store.ID{last}, Delete: store.EveryState})
		}
		fx.claim(1)
		fx.enqueue(fx.newJob())
		fx.Checkpoint()
	}
	for _, j := range jobs {
		if seen[j.ID] != 1 {
			fx.Errorf("job %s came %d times (deleted meanwhile: %v)", j.ID, seen[j.ID], doomed[j.ID])
		}
	}
}

func listDefaultLimit(fx *fixture) {
	fx.enqueue(fx.newJobs(101)...)
	fx.Checkpoint()
	page, err := fx.List(fx.Context(), store.ListRequest{})
	if err != nil || len(page.Jobs) != 100 || page.Next == "" || page.Scanned < 100 {
		fx.Fatalf("List: %d jobs, next %q, scanned %d, %v", len(page.Jobs), page.Next, page.Scanned, err)
	}
	page, err = fx.List(fx.Context(), store.ListRequest{Cursor: page.Next})
	if err != nil || len(page.Jobs) != 1 {
		fx.Errorf("the last page: %d jobs, %v", len(page.Jobs), err)
	}
}

func listBadCursor(fx *fixture) {
	fx.enqueue(fx.newJobs(3)...)
	fx.Checkpoint()
	for _, cursor := range []string{"x", "\x00", "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "////", "0"} {
		for _, f := range []store.Filter{{}, {States: store.FinalStates}, {Batches: []string{"b"}}} {
			if page, err := fx.List(fx.Context(), store.ListRequest{Cursor: cursor, Filter: f}); err == nil {
				fx.Errorf("cursor %q was taken, and gave %d jobs", cursor, len(page.Jobs))
			}
		}
	}
}
