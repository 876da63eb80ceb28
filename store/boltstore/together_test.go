package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/bgq-dev/bgq/store"
)

// Calls that share a commit, and claims that wait for it, answer and leave in the file
// what they would have done one after the other.
func TestTogetherIsAsOneByOne(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := drawHistory(rt)
		var wrong []string
		synctest.Test(t, func(t *testing.T) { wrong = h.differences(t) })
		if len(wrong) > 0 {
			rt.Fatal(strings.Join(wrong, "\n"))
		}
	})
}

// history is what happens to a store: some calls, then more of them, and claims.
type history struct {
	before, calls []call
	claims        []store.ClaimRequest

	ids []store.ID // of all jobs drawn so far
}

// call is one call that writes. It returns its answer as text.
type call func(context.Context, *Store) string

// calling is a call of a verb.
func calling[Q, A any](verb func(*Store, context.Context, Q) (A, error), question Q) call {
	return func(ctx context.Context, s *Store) string {
		a, err := verb(s, ctx, question)
		return fmt.Sprintf("%+v, %v", a, err)
	}
}

// claiming is a call that claims. A claim that was called off has found nothing.
func claiming(req store.ClaimRequest) call {
	return func(ctx context.Context, s *Store) string {
		claimed, err := s.Claim(ctx, req)
		if errors.Is(err, context.Canceled) {
			err = nil
		}
		text := fmt.Sprintf("suspects: %v, %v", claimed.Suspects, err)
		for _, j := range claimed.Jobs {
			text += fmt.Sprintf("\n\t%+v, arguments: %t", j, j.Args != nil)
		}
		return text
	}
}

// differences lets the history happen in one store call by call, in another in one
// commit, and returns what is not the same.
func (h *history) differences(t *testing.T) (wrong []string) {
	one, all := h.begin(t), h.begin(t)
	defer one.Close()
	defer all.Close()
	places := [2]string{one.Position(), all.Position()}
	answers, n := h.together(t, all)
	if n > 1 {
		wrong = append(wrong, fmt.Sprintf("together took %d commits", n))
	}
	for i, c := range h.all(false) {
		if want := c(t.Context(), one); answers[i] != want {
			wrong = append(wrong, fmt.Sprintf("call %d (the claims begin behind %d)\n  together:   %s\n  one by one: %s", i+1, len(h.calls), answers[i], want))
		}
	}
	if want, got := told(t, one, places[0]), told(t, all, places[1]); got != want {
		wrong = append(wrong, fmt.Sprintf("told together: %s\n  one by one:   %s", got, want))
	}
	wantFile, gotFile := contents(t, one), contents(t, all)
	for _, entry := range slices.Concat(wantFile, gotFile) {
		if w, g := slices.Contains(wantFile, entry), slices.Contains(gotFile, entry); w != g {
			wrong = append(wrong, fmt.Sprintf("in the file one by one: %t, together: %t: %s", w, g, entry))
		}
	}
	report, err := all.Verify(t.Context())
	if err != nil || len(report.Problems) > 0 {
		wrong = append(wrong, fmt.Sprintf("Verify: %v, %v", report.Problems, err))
	}
	return wrong
}

// begin opens a store in which everything before has happened.
func (h *history) begin(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "jobs.db"), Options{}) // rapid shall hear of problems, so not by open
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range h.before {
		c(t.Context(), s)
	}
	return s
}

// all returns the calls, then the claims, which wait for jobs or do not.
func (h *history) all(wait bool) []call {
	calls := slices.Clone(h.calls)
	for _, req := range h.claims {
		req.Wait = wait
		calls = append(calls, claiming(req))
	}
	return calls
}

// together lets all happen in one commit. It returns the answers, and how many commits it took.
func (h *history) together(t *testing.T, s *Store) ([]string, int) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls := h.all(true)
	answers := make([]string, len(calls))
	release := stall(t, s)
	before := commits(t, s)
	var wg sync.WaitGroup
	for i, c := range calls {
		wg.Go(func() { answers[i] = c(ctx, s) })
		synctest.Wait() // it has its place in the queue
	}
	release()
	synctest.Wait()
	cancel() // only claims that found nothing are left
	wg.Wait()
	return answers, commits(t, s) - before
}

// told writes the events that came after a place, and all statistics.
func told(t *testing.T, s *Store, after string) string {
	t.Helper()
	text := ""
	for after != s.Position() {
		events, next, gap, err := s.Events(t.Context(), after, 0)
		if err != nil || gap {
			t.Fatalf("Events: gap %v, %v", gap, err)
		}
		for _, e := range events {
			e.Pos = ""
			text += fmt.Sprintf("%+v\n", e)
		}
		after = next
	}
	stats, err := s.Stats(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatalf("Stats: %v", err)
	}
	return text + fmt.Sprintf("%+v", stats)
}

// contents writes all that is in the file, except for what describes the file itself.
func contents(t *testing.T, s *Store) (entries []string) {
	t.Helper()
	err := s.view(t.Context(), func(r *reader) error {
		for in := tableMeta + 1; in < tables; in++ {
			for k, v := range r.prefix(in, nil) {
				entries = append(entries, fmt.Sprintf("%s %q: %q", tableNames[in], k, v))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// The only batch, and the time when all happens: that of a new bubble.
var (
	togetherBatch = store.Batch{Name: "b", Base: store.ID{90}, CreatedAt: togetherTime}
	togetherTime  = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
)

// chance is seldom true, the seldomer the greater n is.
func chance(t *rapid.T, n int, label string) bool {
	return rapid.IntRange(1, n).Draw(t, label) == n
}

func drawHistory(t *rapid.T) *history {
	h := &history{}
	if rapid.Bool().Draw(t, "with jobs") {
		h.before = append(h.before, calling((*Store).Enqueue, h.drawJobs(t, 30)))
	}
	if rapid.Bool().Draw(t, "with batch") {
		h.before = append(h.before, puttingBatch)
	}
	run := func(n int) call {
		return claiming(store.ClaimRequest{Want: []store.Want{{Queue: "q", N: n}, {Queue: "r", N: n}}, Move: claimMove})
	}
	h.before = append(h.before, run(5))
	for range rapid.IntRange(0, 5).Draw(t, "calls before") {
		h.before = append(h.before, h.drawCall(t))
	}
	if !chance(t, 3, "with available jobs") { // else claims wait
		h.before = append(h.before, run(1000))
	}
	for range rapid.IntRange(1, 10).Draw(t, "calls") {
		h.calls = append(h.calls, h.drawCall(t))
	}
	for range rapid.SampledFrom([]int{1, 2, 3, 4, 0}).Draw(t, "claims") {
		h.claims = append(h.claims, drawClaim(t))
	}
	return h
}

func puttingBatch(ctx context.Context, s *Store) string {
	b, created, err := s.PutBatch(ctx, togetherBatch)
	return fmt.Sprintf("%+v, %t, %v", b, created, err)
}

// drawCall draws a call, which may be made on behalf of somebody.
func (h *history) drawCall(t *rapid.T) call {
	c := h.drawVerb(t)
	if !chance(t, 3, "audited") {
		return c
	}
	return func(ctx context.Context, s *Store) string {
		return c(store.WithAudit(ctx, store.Audit{Verb: "verb"}), s)
	}
}

func (h *history) drawVerb(t *rapid.T) call {
	switch verb := rapid.SampledFrom([]string{"enqueue", "enqueue", "enqueue", "finish", "finish", "extend", "claim", "change", "maintain", "put batch", "delete batch", "put queue"}).Draw(t, "verb"); verb {
	case "enqueue":
		return calling((*Store).Enqueue, h.drawJobs(t, 10))
	case "finish":
		outcomes := make([]store.Outcome, rapid.IntRange(1, 3).Draw(t, "outcomes"))
		for i := range outcomes {
			outcomes[i] = h.drawOutcome(t)
		}
		return calling((*Store).Finish, outcomes)
	case "extend":
		return calling((*Store).Extend, []store.Extension{{
			Ref: h.drawRef(t), Progress: &store.Progress{Done: 3, Note: "note"}, Checkpoints: []store.Checkpoint{{Name: "c", Value: drawValue(t)}},
			Lines: []store.LogLine{{At: togetherTime, Text: "a"}, {At: togetherTime, Text: "b"}},
		}})
	case "claim":
		return claiming(drawClaim(t))
	case "change":
		return calling((*Store).Change, h.drawChange(t))
	case "maintain":
		return calling((*Store).Maintain, store.Budget{
			Limit:   rapid.IntRange(0, 20).Draw(t, "limit"),
			Promote: store.Move{From: store.SetOf(store.Scheduled, store.Retryable), To: store.Available},
			Prune:   []store.Retention{{State: store.Completed, Before: togetherTime.Add(time.Hour)}},

			AuditBefore: rapid.SampledFrom([]time.Time{{}, togetherTime, togetherTime.Add(time.Hour)}).Draw(t, "audit before"),
		})
	case "put batch":
		return puttingBatch
	case "delete batch":
		limit := rapid.IntRange(0, 20).Draw(t, "limit")
		return func(ctx context.Context, s *Store) string {
			return fmt.Sprint(s.DeleteBatch(ctx, togetherBatch.Name, limit))
		}
	default:
		q := store.QueueInfo{Name: "q", Paused: rapid.Bool().Draw(t, "paused")}
		return func(ctx context.Context, s *Store) string { return fmt.Sprint(s.PutQueue(ctx, q)) }
	}
}

func (h *history) drawOutcome(t *rapid.T) store.Outcome {
	o := store.Outcome{Ref: h.drawRef(t), Result: drawValue(t), Move: rapid.SampledFrom([]store.Move{
		completeMove,
		{From: store.SetOf(store.Running), To: store.Available, RunAt: togetherTime},
		{From: store.SetOf(store.Running), To: store.Discarded},
	}).Draw(t, "move")}
	o.Failure = rapid.SampledFrom([]*store.Failure{nil, {At: togetherTime, Message: "broken"}}).Draw(t, "failure")
	if rapid.Bool().Draw(t, "with next") {
		o.Next = h.drawJobs(t, 3)
	}
	return o
}

func (h *history) drawChange(t *rapid.T) store.Change {
	change := rapid.SampledFrom([]store.Change{
		{Delete: ^store.SetOf(store.Running)},
		{Cases: []store.Move{{From: store.SetOf(store.Available, store.Pending), To: store.Cancelled}}},
		{Cases: []store.Move{
			{From: store.SetOf(store.Pending, store.Completed, store.Discarded), To: store.Available},
			{From: store.SetOf(store.Available), To: store.Pending},
		}},
		{
			Consume: store.SetOf(store.Completed),
			Cases:   []store.Move{{From: store.SetOf(store.Available), To: store.Available, RunAt: togetherTime.Add(-3 * time.Hour)}},
		},
	}).Draw(t, "change")
	for range rapid.IntRange(1, 10).Draw(t, "ids") {
		if id := h.drawID(t); !slices.Contains(change.IDs, id) {
			change.IDs = append(change.IDs, id)
		}
	}
	return change
}

func drawClaim(t *rapid.T) store.ClaimRequest {
	req := store.ClaimRequest{Move: claimMove, Alone: chance(t, 4, "alone")}
	for range rapid.IntRange(1, 2).Draw(t, "wanted") {
		req.Want = append(req.Want, store.Want{Queue: drawQueue(t), N: rapid.SampledFrom([]int{1, 2, 4, 7, 0}).Draw(t, "n")})
	}
	req.Kinds = rapid.SampledFrom([][]string{nil, nil, {"m", "k"}, {"l"}}).Draw(t, "kinds")
	return req
}

func drawQueue(t *rapid.T) string { return rapid.SampledFrom([]string{"q", "r"}).Draw(t, "queue") }

// drawValue draws values inside of the record, apart from it, and the edge between.
func drawValue(t *rapid.T) store.Value {
	n := rapid.SampledFrom([]int{-1, 0, 1, inlineSize, inlineSize + 1, 5000}).Draw(t, "size")
	if n < 0 {
		return nil
	}
	return append(store.Value{}, bytes.Repeat([]byte{'v'}, n)...)
}

// drawID draws a job that may be there.
func (h *history) drawID(t *rapid.T) store.ID {
	if len(h.ids) == 0 {
		return store.ID{1}
	}
	return rapid.SampledFrom(h.ids).Draw(t, "id")
}

// drawRef draws a claim that may be the current one of its job.
func (h *history) drawRef(t *rapid.T) store.Ref {
	return store.Ref{ID: h.drawID(t), Claim: rapid.SampledFrom([]uint64{1, 1, 1, 2}).Draw(t, "claim")}
}

func (h *history) drawJobs(t *rapid.T, most int) []store.Job {
	jobs := make([]store.Job, rapid.IntRange(1, most).Draw(t, "jobs"))
	for i := range jobs {
		jobs[i] = h.drawJob(t)
	}
	return jobs
}

func (h *history) drawJob(t *rapid.T) store.Job {
	j := newTestJob()
	j.Queue, j.Kind = drawQueue(t), rapid.SampledFrom([]string{"k", "l", "m"}).Draw(t, "kind")
	j.Priority = rapid.SampledFrom([]int16{0, -1, 1, -2}).Draw(t, "priority")
	j.CreatedAt = togetherTime
	if rapid.Bool().Draw(t, "with a time") {
		j.RunAt = togetherTime.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "hours")) * time.Hour)
	}
	j.State = rapid.SampledFrom([]store.State{store.Available, store.Available, store.Available, store.Available, store.Pending, store.Scheduled}).Draw(t, "state")
	j.Suspect = chance(t, 12, "suspect")
	if chance(t, 4, "unique") {
		j.Unique = rapid.SampledFrom([]string{"u", "v", "w"}).Draw(t, "key")
		j.UniqueUntil = rapid.SampledFrom([]store.Until{store.UntilFinal, store.UntilStart, store.UntilDeleted}).Draw(t, "until")
	}
	if chance(t, 5, "with a token") {
		j.Token = rapid.SampledFrom([]string{"s", "t"}).Draw(t, "token")
	}
	switch rapid.SampledFrom([]string{"number", "number", "number", "member", "again"}).Draw(t, "id is") {
	case "number": // ascending or not
		n := rapid.IntRange(0, 999).Draw(t, "number")
		j.ID = store.ID{100, byte(n >> 8), byte(n)}
	case "member":
		j.ID = togetherBatch.Base.Member(rapid.Int64Range(0, 39).Draw(t, "index"))
	case "again":
		j.ID = h.drawID(t)
	}
	if j.ID[0] == togetherBatch.Base[0] {
		j.Batch, j.Index = togetherBatch.Name, j.ID.MemberIndex()
	}
	j.Tags = rapid.SampledFrom([][]string{nil, {"tag"}}).Draw(t, "tags")
	j.Args = drawValue(t)
	h.ids = append(h.ids, j.ID)
	return j
}
