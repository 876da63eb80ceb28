package boltstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// furnish fills a journal with jobs in every state and with every part, a batch, a
// schedule and a paused queue, some of it on behalf of somebody. It returns the jobs.
func furnish(t testing.TB, s *Store) []store.Job {
	t.Helper()
	ctx := context.Background()
	at := s.Now()
	b, _, err := s.PutBatch(ctx, store.Batch{Name: "b", Base: store.NewBatchID(), Queue: "batch:b", Kind: "k", Total: 3})
	if err != nil {
		t.Fatal(err)
	}
	jobs := newTestJobs(12)
	for i := range jobs {
		jobs[i].Args = store.Value{0xa3, 'a', 'b', 'c'}
		jobs[i].Tags = []string{"tag"}
		if i%2 == 0 { // too large for the record
			jobs[i].Args = largeValue('a')
		}
	}
	for i := range 3 {
		m := newTestJob()
		m.ID, m.Queue, m.Batch, m.Index, m.Kept = b.Base.Member(int64(i)), b.Queue, b.Name, int64(i), true
		jobs = append(jobs, m)
	}
	jobs[0].Unique = "key"
	jobs[1].Token = "token"
	jobs[1].State = store.Pending
	jobs[2].State, jobs[2].RunAt = store.Scheduled, at.Add(time.Hour)
	jobs[3].Kind, jobs[3].Suspect = "suspect", true
	mustEnqueue(t, s, jobs...)
	req := request(6)
	req.Want = append(req.Want, store.Want{Queue: b.Queue, N: 1})
	claimed, err := s.Claim(ctx, req)
	if err != nil || len(claimed.Jobs) != 7 {
		t.Fatal(claimed, err)
	}
	failure := &store.Failure{At: at, Attempt: 1, Kind: store.FailError, Message: "failed"}
	outcomes := make([]store.Outcome, 5)
	for i, to := range []store.State{store.Completed, store.Cancelled, store.Discarded, store.Retryable, store.Completed} {
		outcomes[i] = store.Outcome{Ref: claimed.Jobs[i].Ref(), Move: store.Move{From: store.SetOf(store.Running), To: to, RunAt: at.Add(time.Hour)}}
		if to == store.Completed {
			outcomes[i].Result = store.Value{0xc0}
		} else {
			outcomes[i].Failure = failure
		}
	}
	outcomes[0].Result = largeValue('r')
	outcomes[0].Lines = []store.LogLine{{At: at, Attempt: 1, Level: "error", Text: "last"}}
	outcomes[4].Ref = claimed.Jobs[6].Ref()
	if _, err := s.Finish(ctx, outcomes); err != nil {
		t.Fatal(err)
	}
	_, err = s.Extend(ctx, []store.Extension{{
		Ref: claimed.Jobs[4].Ref(), Progress: &store.Progress{Done: 1, Total: 2},
		Checkpoints: []store.Checkpoint{{Name: "point", Value: store.Value{0xc0}}},
		Lines:       []store.LogLine{{At: at, Attempt: 1, Level: "info", Text: "first"}, {At: at, Attempt: 1, Level: "warn", Text: "second"}},
	}})
	actor := store.Actor{Name: "ann", UID: 1000, PID: 42, Via: "socket"}
	asked := func(verb string) context.Context {
		return store.WithAudit(ctx, store.Audit{Actor: actor, Verb: verb, Reason: "because", Operation: "op_1"})
	}
	_, changeErr := s.Change(asked("reschedule"), store.Change{
		IDs: []store.ID{jobs[2].ID}, Cases: []store.Move{{From: store.SetOf(store.Scheduled), To: store.Scheduled, RunAt: at.Add(2 * time.Hour)}},
	})
	err = errors.Join(err, changeErr,
		s.PutQueue(asked("pause"), store.QueueInfo{Name: "paused", Paused: true, Reason: "why", Since: at, By: actor, Workers: 3, Rate: 0.5}),
		s.PutSchedule(ctx, store.Schedule{Name: "s", Spec: "@daily", Slot: at}))
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.List(ctx, store.ListRequest{Limit: 1000, Parts: store.AllParts})
	if err != nil || len(page.Jobs) != len(jobs) {
		t.Fatal(len(page.Jobs), err)
	}
	return page.Jobs
}

// image returns the bytes of a furnished journal, and its jobs.
func image(t testing.TB, clean bool) ([]byte, []store.Job) {
	t.Helper()
	s := open(t, Options{})
	jobs := furnish(t, s)
	if clean {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(s.abs)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b); i > 0; i-- { // the file is grown ahead of what is in it
		if b[i-1] != 0 {
			return b[:(i+4095)/4096*4096], jobs
		}
	}
	return b, jobs
}

// typed tells whether an error is one of those that damage may lead to.
func typed(err error) bool {
	return errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrForeign) || errors.Is(err, store.ErrNewerFormat)
}

// prod opens a damaged file and uses it. Whatever is wrong must come as a typed
// error; a job that can be read must be as it was. It tells whether the damage was
// noticed at all.
func prod(t *testing.T, path string, jobs []store.Job) (noticed bool) {
	t.Helper()
	s, err := Open(path, Options{})
	if err != nil {
		if !typed(err) {
			t.Errorf("Open: %v", err)
		}
		return true
	}
	defer s.Close()
	ctx := context.Background()
	report, err := s.Verify(ctx)
	if err != nil {
		t.Errorf("Verify: %v", err)
	}
	for _, want := range jobs {
		got, err := s.Get(ctx, []store.ID{want.ID}, store.AllParts)
		if !report.OK() && len(got) == 1 && len(got[0].Checkpoints) < len(want.Checkpoints) {
			continue // the head does not count them: only Verify finds one that went astray
		}
		switch {
		case err != nil && !typed(err):
			t.Errorf("Get: %v", err)
		case err == nil && len(got) == 1 && !reflect.DeepEqual(got[0], want):
			t.Errorf("Get: a wrong job was read:\ngot  %+v\nwant %+v", got[0], want)
		case err == nil && len(got) == 0 && report.OK():
			t.Errorf("job %s is gone, and Verify does not know", want.ID)
		}
	}
	_, listErr := s.List(ctx, store.ListRequest{Filter: store.Filter{States: store.EveryState}})
	_, countErr := s.Count(ctx)
	_, batchErr := s.Batches(ctx)
	_, auditErr := s.Audit(ctx, store.AuditRequest{})
	_, trailErr := s.Audit(ctx, store.AuditRequest{Job: jobs[2].ID})
	fresh := newTestJob()
	fresh.Token = "token"
	_, enqueueErr := s.Enqueue(store.WithAudit(ctx, store.Audit{Verb: "enqueue"}), []store.Job{fresh, newTestJob()})
	_, claimErr := s.Claim(ctx, request(100))
	_, maintainErr := s.Maintain(ctx, store.Budget{
		Promote: store.Move{From: store.SetOf(store.Scheduled, store.Retryable), To: store.Available},
		Prune:   []store.Retention{{State: store.Completed, Before: s.Now()}}, Limit: 100, AuditBefore: s.Now(),
	})
	for verb, err := range map[string]error{
		"List": listErr, "Count": countErr, "Batches": batchErr, "Audit": errors.Join(auditErr, trailErr), "Enqueue": enqueueErr, "Claim": claimErr, "Maintain": maintainErr,
	} {
		if err != nil && !typed(err) {
			t.Errorf("%s: %v", verb, err)
		}
		if err != nil && report.OK() {
			t.Errorf("%s: %v, and Verify has found nothing", verb, err)
		}
	}
	return !report.OK()
}

func TestFlippedBits(t *testing.T) {
	for _, clean := range []bool{false, true} {
		b, jobs := image(t, clean)
		path := filepath.Join(t.TempDir(), "jobs.db")
		r := rand.New(rand.NewPCG(1, 2))
		n, noticed := 150, 0
		if testing.Short() {
			n = 50
		}
		for range n {
			i, bit := r.IntN(len(b)), byte(1)<<r.IntN(8)
			b[i] ^= bit
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if prod(t, path, jobs) {
				noticed++
			}
			if t.Failed() {
				t.Fatalf("clean %v: bit %#x of byte %d (page %d)", clean, bit, i, i/4096)
			}
			b[i] ^= bit
		}
		if noticed == 0 {
			t.Error("nothing was ever noticed")
		}
		t.Logf("clean %v: %d of %d flips were noticed, the others hit what is not used", clean, noticed, n)
	}
}

// Every page in turn is zeroed, filled with noise, and replaced by its neighbour.
func TestLostPages(t *testing.T) {
	b, jobs := image(t, false)
	path := filepath.Join(t.TempDir(), "jobs.db")
	r := rand.New(rand.NewPCG(3, 4))
	for page := range len(b) / 4096 {
		for _, how := range []string{"zeroed", "noise", "misdirected"} {
			damaged := append([]byte(nil), b...)
			p := damaged[page*4096 : (page+1)*4096]
			switch how {
			case "zeroed":
				clear(p)
			case "noise":
				for i := range p {
					p[i] = byte(r.Uint32())
				}
			default:
				copy(p, b[(page+1)*4096%len(b):])
			}
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if prod(t, path, jobs); t.Failed() {
				t.Fatalf("page %d %s", page, how)
			}
		}
	}
}

func TestTruncated(t *testing.T) {
	b, _ := image(t, false)
	path := filepath.Join(t.TempDir(), "jobs.db")
	for size := 0; size < len(b); size += 512 {
		if err := os.WriteFile(path, b[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(path, Options{})
		if err == nil {
			s.Close()
			t.Fatalf("cut to %d of %d bytes, it was opened", size, len(b))
		}
		wantFileError(t, err, store.ErrCorrupt)
	}
}

// A damaged record holds up neither the claims of others nor maintenance.
func TestDamagedRecordIsSteppedOver(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "jobs.db"), Options{})
	jobs := newTestJobs(4)
	jobs[1].Args = largeValue('a')
	jobs[3].State = store.Scheduled
	due := newTestJob()
	due.State = store.Scheduled
	mustEnqueue(t, s, append(jobs, due)...)
	spoil := func(in table, id store.ID) {
		err := s.Update(t.Context(), func(tx *bbolt.Tx) error {
			b := tx.Bucket(rootName).Bucket([]byte(tableNames[in]))
			v := append([]byte(nil), b.Get(id[:])...)
			v[0] ^= 1
			return b.Put(id[:], v)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	spoil(tableJob, jobs[0].ID)
	spoil(tableArgs, jobs[1].ID)
	spoil(tableJob, jobs[3].ID)
	if got := mustClaim(t, s, 10); len(got) != 1 || got[0].ID != jobs[2].ID {
		t.Errorf("claimed %v, want the sound job", got)
	}
	m, err := s.Maintain(t.Context(), store.Budget{
		Promote: store.Move{From: store.SetOf(store.Scheduled), To: store.Available}, Limit: 10,
	})
	if err != nil || m.Promoted != 1 || m.More || !m.NextDue.IsZero() {
		t.Errorf("Maintain: %+v, %v", m, err)
	}
	_, err = s.Get(t.Context(), []store.ID{jobs[0].ID}, store.HeadOnly)
	wantFileError(t, err, store.ErrCorrupt)
	_, err = s.Change(t.Context(), store.Change{IDs: []store.ID{jobs[2].ID, jobs[0].ID}, Delete: store.EveryState})
	wantFileError(t, err, store.ErrCorrupt)
	if got, err := s.Get(t.Context(), []store.ID{jobs[2].ID}, store.HeadOnly); err != nil || len(got) != 1 {
		t.Errorf("a change that failed deleted a job: %v, %v", got, err)
	}
	report, err := s.Verify(t.Context())
	if err != nil || report.Total < 3 {
		t.Errorf("Verify: %+v, %v", report, err)
	}
	s.Close() // not audited: it is damaged on purpose
}

func TestVerifyFindsContradictions(t *testing.T) {
	id := store.NewID()
	for _, c := range []struct {
		name  string
		spoil func(get func(table) *bbolt.Bucket) error
	}{
		{"an index entry too many", func(get func(table) *bbolt.Bucket) error { return get(tableHeld).Put(id[:], nil) }},
		{"an index entry too few", func(get func(table) *bbolt.Bucket) error {
			k, _ := get(tableReady).Cursor().First()
			return get(tableReady).Delete(append([]byte(nil), k...))
		}},
		{"arguments of nobody", func(get func(table) *bbolt.Bucket) error { return get(tableArgs).Put(id[:], seal(id[:], nil)) }},
		{"arguments that are gone", func(get func(table) *bbolt.Bucket) error {
			k, _ := get(tableArgs).Cursor().First()
			return get(tableArgs).Delete(append([]byte(nil), k...))
		}},
		{"arguments in two places", func(get func(table) *bbolt.Bucket) error {
			k, _ := get(tableHeld).Cursor().First()
			return get(tableArgs).Put(append([]byte(nil), k...), seal(k, nil))
		}},
		{"a failure that is gone", func(get func(table) *bbolt.Bucket) error {
			k, _ := get(tableFailure).Cursor().First()
			return get(tableFailure).Delete(append([]byte(nil), k...))
		}},
		{"a unique key too many", func(get func(table) *bbolt.Bucket) error {
			return get(tableUnique).Put([]byte("x"), seal([]byte("x"), id[:]))
		}},
		{"a unique key too few", func(get func(table) *bbolt.Bucket) error { return get(tableUnique).Delete([]byte("held")) }},
		{"a token too many", func(get func(table) *bbolt.Bucket) error {
			return get(tableToken).Put([]byte("x"), seal([]byte("x"), id[:]))
		}},
		{"a token too few", func(get func(table) *bbolt.Bucket) error { return get(tableToken).Delete([]byte("token")) }},
		{"an entry of the audit that is gone", func(get func(table) *bbolt.Bucket) error { return get(tableAudit).Delete(auditKey(1)) }},
		{"an entry of the audit that is damaged", func(get func(table) *bbolt.Bucket) error { return get(tableAudit).Put(auditKey(1), []byte("damaged")) }},
		{"an entry of the audit that is too new", func(get func(table) *bbolt.Bucket) error {
			return get(tableMeta).Put(newestEntryKey, seal(newestEntryKey, auditKey(1)))
		}},
		{"a number of the newest entry that is damaged", func(get func(table) *bbolt.Bucket) error {
			return get(tableMeta).Put(newestEntryKey, auditKey(1))
		}},
		{"a trail that is gone", func(get func(table) *bbolt.Bucket) error {
			k, _ := get(tableTrail).Cursor().First()
			return get(tableTrail).Delete(append([]byte(nil), k...))
		}},
		{"a trail that leads nowhere", func(get func(table) *bbolt.Bucket) error { return get(tableTrail).Put(trailKey(id, 9), nil) }},
		{"a trail to the entry of others", func(get func(table) *bbolt.Bucket) error { return get(tableTrail).Put(trailKey(id, 1), nil) }},
		{"a trail that is none", func(get func(table) *bbolt.Bucket) error { return get(tableTrail).Put(id[:], nil) }},
		{"a line of nobody", func(get func(table) *bbolt.Bucket) error {
			k := failureKey(id, 1)
			sealed, err := encodeMsgpack(k, &store.LogLine{Text: "line"})
			return errors.Join(err, get(tableLog).Put(k, sealed))
		}},
		{"a line that is damaged", func(get func(table) *bbolt.Bucket) error {
			k, _ := get(tableRun).Cursor().First()
			return get(tableLog).Put(failureKey(store.ID(k), 1), []byte("line"))
		}},
		{"a counter that is gone", func(get func(table) *bbolt.Bucket) error {
			return get(tableCount).Delete(countKey("q", "k", store.Available))
		}},
		{"a counter that lies", func(get func(table) *bbolt.Bucket) error {
			key := countKey("q", "k", store.Available)
			return get(tableCount).Put(key, seal(key, []byte{0, 0, 0, 0, 0, 0, 0, 99}))
		}},
		{"a base without a batch", func(get func(table) *bbolt.Bucket) error { return get(tableBase).Put(id[:baseLen], []byte("x")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Open(filepath.Join(t.TempDir(), "jobs.db"), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			furnish(t, s)
			j := newTestJob()
			j.Unique = "held"
			mustEnqueue(t, s, j)
			audit(t, s)
			err = s.Update(t.Context(), func(tx *bbolt.Tx) error {
				return c.spoil(func(in table) *bbolt.Bucket { return tx.Bucket(rootName).Bucket([]byte(tableNames[in])) })
			})
			if err != nil {
				t.Fatal(err)
			}
			report, err := s.Verify(t.Context())
			if err != nil || report.Total != 1 {
				t.Errorf("got %d problems %q, %v, want 1", report.Total, report.Problems, err)
			}
		})
	}
}
