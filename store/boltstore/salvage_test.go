package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// relic is a file that was in use for a while, and what was in it before it is damaged.
type relic struct {
	image []byte
	dump  map[string]string
	jobs  map[store.ID]store.Job
	logs  map[store.ID][]store.LogLine
	// pages says in which pages the records of a job begin.
	pages map[store.ID]map[int64]bool
	top   map[int64]bool // the meta pages, and those that lead to the tables
}

const relicPage = 4096

// newRelic makes a file with some hundreds of jobs in all states, with all that belongs to
// jobs, and a past: pages that older states are left in.
func newRelic(t testing.TB, clean bool, n int) *relic {
	t.Helper()
	s := open(t, Options{})
	furnish(t, s)
	r := rand.New(rand.NewPCG(7, uint64(n)))
	ctx := store.WithAudit(context.Background(), store.Audit{Actor: store.Actor{Name: "ann"}, Verb: "test"})
	for i := range n {
		past(t, ctx, s, r, i)
	}
	saveStats(t, s)
	rel := &relic{dump: dump(t, s), jobs: everyJobOf(t, s), logs: map[store.ID][]store.LogLine{}}
	for id := range rel.jobs {
		lines, err := s.Logs(ctx, id, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		rel.logs[id] = lines
	}
	if clean {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(s.abs)
	if err != nil {
		t.Fatal(err)
	}
	for len(b) > relicPage && bytes.Equal(b[len(b)-relicPage:], make([]byte, relicPage)) {
		b = b[:len(b)-relicPage] // the file is grown ahead of what is in it
	}
	rel.image = b
	rel.locate(t)
	return rel
}

// past lets something happen.
func past(t testing.TB, ctx context.Context, s *Store, r *rand.Rand, i int) {
	t.Helper()
	check := func(_ any, err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	switch i % 10 {
	case 0, 1, 2, 3:
		jobs := newTestJobs(1 + r.IntN(6))
		for k := range jobs {
			jobs[k].Args = make(store.Value, 1+r.IntN(900))
			jobs[k].Priority = int16(r.IntN(3))
			jobs[k].Kind = fmt.Sprintf("kind %d", r.IntN(3))
			if r.IntN(4) == 0 {
				jobs[k].Unique = "unique " + jobs[k].ID.String()
				jobs[k].Token = "token " + jobs[k].ID.String()
			}
			switch r.IntN(5) {
			case 0:
				jobs[k].State = store.Pending
			case 1:
				jobs[k].State, jobs[k].RunAt = store.Scheduled, s.Now().Add(time.Hour)
			}
		}
		check(s.Enqueue(ctx, jobs))
	case 4, 5, 6:
		var ends []store.Outcome
		for _, j := range mustClaim(t, s, 6) {
			check(s.Extend(ctx, []store.Extension{{
				Ref: j.Ref(), Checkpoints: []store.Checkpoint{{Name: "point", Value: make(store.Value, r.IntN(300))}},
				Lines: []store.LogLine{{Level: "info", Text: "working"}},
			}}))
			to := []store.State{store.Completed, store.Completed, store.Retryable, store.Discarded, store.Cancelled}[r.IntN(5)]
			o := store.Outcome{Ref: j.Ref(), Move: store.Move{From: store.SetOf(store.Running), To: to, RunAt: s.Now().Add(time.Hour)}}
			if to == store.Completed {
				o.Result = make(store.Value, 1+r.IntN(900))
			} else {
				o.Failure = &store.Failure{At: s.Now(), Kind: store.FailError, Message: "failed", Attempt: j.Attempt}
			}
			if r.IntN(4) > 0 { // else it runs
				ends = append(ends, o)
			}
		}
		check(s.Finish(ctx, ends))
	case 7:
		check(s.Maintain(ctx, store.Budget{Limit: 3, Prune: []store.Retention{{State: store.Completed, Before: s.Now()}}}))
	case 8:
		name := fmt.Sprintf("name %d", r.IntN(40))
		check(nil, s.PutQueue(ctx, store.QueueInfo{Name: name, Paused: r.IntN(2) == 0}))
		_, _, err := s.PutBatch(ctx, store.Batch{Name: name, Base: store.NewBatchID()})
		check(nil, err)
		check(nil, s.PutSchedule(ctx, store.Schedule{Name: name, Spec: "@daily", Slot: s.Now()}))
	default:
		check(nil, s.Update(ctx, func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("app"))
			if err != nil {
				return err
			}
			in, err := b.CreateBucketIfNotExists([]byte("inside"))
			return errors.Join(err, b.Put(fmt.Appendf(nil, "key %d", i), make([]byte, r.IntN(600))), in.Put([]byte("k"), []byte("v")))
		}))
	}
}

// locate finds out where the records are.
func (r *relic) locate(t testing.TB) {
	t.Helper()
	w, err := pagecheck.OpenWreck(bytes.NewReader(r.image), int64(len(r.image)))
	if err != nil {
		t.Fatal(err)
	}
	r.pages = map[store.ID]map[int64]bool{}
	r.top = map[int64]bool{0: true, 1: true}
	if _, err := w.Walk(w.Roots()[0], &locator{r}); err != nil {
		t.Fatal(err)
	}
	r.top[int64(w.Roots()[0].Page)] = true
	db, err := bbolt.Open(r.write(t), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error { // the bucket of the queue, which has few pages
		root := int64(tx.Bucket(rootName).Root())
		r.top[root] = true
		page := r.image[root*relicPage:]
		for i := range int(binary.NativeEndian.Uint16(page[10:])) {
			if page[8] == 1 { // a branch
				r.top[int64(binary.NativeEndian.Uint64(page[16+16*i+8:]))] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// write makes a file of the image.
func (r *relic) write(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jobs.db")
	if err := os.WriteFile(path, r.image, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// locator is a Visitor of a sound file.
type locator struct{ *relic }

func (l *locator) Bucket(path [][]byte, _ uint64) (pagecheck.Choice, error) {
	return pagecheck.Enter, nil
}

func (l *locator) Item(path [][]byte, it *pagecheck.Item) (bool, error) {
	in, isTable := bucketPath(path).table()
	first := it.At - int64(len(it.Key))
	for page := first / relicPage; ; page-- { // the leaf with its overflow
		b := l.image[page*relicPage:]
		if b[0] == byte(page) && b[1] == byte(page>>8) && b[8] == 2 && b[9] == 0 {
			l.at(in, isTable, it, page)
			break
		}
		l.at(in, isTable, it, page)
	}
	for page := first / relicPage; page <= (it.At+max(it.Size, 1)-1)/relicPage; page++ {
		l.at(in, isTable, it, page)
	}
	return true, nil
}

func (l *locator) at(in table, isTable bool, it *pagecheck.Item, page int64) {
	switch {
	case !isTable:
	case in == tableJob || in == tableArgs || in == tableResult || in == tableFailure || in == tablePoint || in == tableLog:
		id := store.ID(it.Key[:idLen])
		if l.pages[id] == nil {
			l.pages[id] = map[int64]bool{}
		}
		l.pages[id][page] = true
	}
}

func (l *locator) Lost([][]byte, []byte, []byte) error { return errors.New("lost") }
func (l *locator) Damaged(_ uint64, what string)       { panic(what) }

// rescue salvages an image, and holds what comes out against what was in it. intact tells which
// jobs must be as they were.
func (r *relic) rescue(t *testing.T, image []byte, intact func(store.ID) bool) *SalvageReport {
	t.Helper()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "jobs.db"), filepath.Join(dir, "jobs.db.repaired")
	if err := os.WriteFile(from, image, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := Salvage(t.Context(), from, to, SalvageOptions{})
	if b, readErr := os.ReadFile(from); readErr != nil || !bytes.Equal(b, image) {
		t.Error("the damaged file was changed")
	}
	if err != nil {
		if !typed(err) {
			t.Errorf("Salvage: %v", err)
		}
		alone(t, from)
		return nil
	}
	if names, _ := os.ReadDir(dir); len(names) != 2 {
		t.Errorf("%v was left behind", names)
	}
	wellClosed(t, to)
	s := openAt(t, to, Options{})
	audit(t, s)
	r.compare(t, s, report, intact)
	if report.Whole() {
		// Two things need not be the same: the mark of the last save, and values of the
		// application, which have no checksum.
		either := func(path, _ string) bool {
			return path == fmt.Sprintf("/%x/%x/%x", rootName, "stat", savedKey) || !strings.HasPrefix(path, fmt.Sprintf("/%x", rootName))
		}
		got, want := dump(t, s), maps.Clone(r.dump)
		maps.DeleteFunc(got, either)
		maps.DeleteFunc(want, either)
		sameDump(t, got, want)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(dir); err != nil { // there are thousands of them
		t.Error(err)
	}
	return report
}

func (r *relic) compare(t *testing.T, s *Store, report *SalvageReport, intact func(store.ID) bool) {
	t.Helper()
	listed := map[store.ID]string{}
	for what, jobs := range map[string]*SalvagedJobs{
		"doubtful": &report.Doubtful, "args": &report.ArgsLost, "result": &report.ResultLost,
		"failures": &report.FailuresLost, "key": &report.KeyLost, "lost": &report.Lost,
	} {
		if int64(len(jobs.IDs)) != jobs.Total {
			t.Errorf("%s: %d ids of %d", what, len(jobs.IDs), jobs.Total)
		}
		for _, id := range jobs.IDs {
			listed[id] += what + " "
		}
	}
	got := everyJobOf(t, s)
	maps.DeleteFunc(got, func(_ store.ID, j store.Job) bool { return j.Reason == ReasonLost })
	if int64(len(got)) != report.Jobs {
		t.Errorf("%d jobs, the report says %d", len(got), report.Jobs)
	}
	points := false // whether checkpoints or lines may be missing
	for _, table := range report.Tables {
		points = points || (table.Name == "point" || table.Name == "log") && (table.Missing || table.Damaged > 0)
	}
	unnamed, missing := 0, int64(0)
	for id, want := range r.jobs {
		j, there := got[id]
		lines, err := s.Logs(t.Context(), id, 0, 0)
		if err != nil {
			t.Error(err)
		}
		same := there && reflect.DeepEqual(j, want) && reflect.DeepEqual(lines, r.logs[id])
		switch {
		case same:
		case intact(id):
			t.Errorf("job %s is intact, and became (%q) %s, was %s", id, listed[id], brief(j, lines), brief(want, r.logs[id]))
		case !there:
			if missing++; listed[id] == "" {
				unnamed++
			}
		case there && listed[id] == "" && !points:
			t.Errorf("job %s became %s, was %s, and is not in the report", id, brief(j, lines), brief(want, r.logs[id]))
		}
		if there && !same && !j.State.Final() && j.State != store.Pending && (j.State != want.State || j.Claim != want.Claim) {
			t.Errorf("job %s was %s (%d) and may run as %s (%d)", id, want.State, want.Claim, j.State, j.Claim)
		}
	}
	// An index names jobs, and may itself be damaged: then it is the number that is right.
	if missing > report.Lost.Total && !report.LostUnknown || unnamed > 0 && report.DamagedPages <= 1 && !report.LostUnknown {
		t.Errorf("%d jobs are lost, %d of them not in the report", missing, unnamed)
	}
	for id, j := range got {
		if _, was := r.jobs[id]; !was && (listed[id] == "" || !j.State.Final() && j.State != store.Pending) {
			t.Errorf("job %s (%s, %q) was not there", id, j.State, listed[id])
		}
	}
}

// brief describes a job.
func brief(j store.Job, lines []store.LogLine) string {
	return fmt.Sprintf("%s %q (claim %d, %d of %d bytes of arguments, %d of %d of the result, %d of %d failures, %d checkpoints, %d lines)",
		j.State, j.Reason, j.Claim, len(j.Args), j.ArgsSize, len(j.Result), j.ResultSize, len(j.Failures), j.FailureCount, len(j.Checkpoints), len(lines))
}

func everyIntact(store.ID) bool { return true }
func noneIntact(store.ID) bool  { return false }

// A sound file becomes the same.
func TestSalvageOfASoundFile(t *testing.T) {
	for _, clean := range []bool{true, false} {
		r := newRelic(t, clean, 100)
		report := r.rescue(t, r.image, everyIntact)
		if !report.Whole() || report.Jobs != int64(len(r.jobs)) || report.Expected != report.Jobs || report.DamagedPages != 0 {
			t.Errorf("%+v", report)
		}
	}
}

// Each page in turn is damaged. Jobs that have nothing in it are as they were, whatever it was.
func TestSalvageWithoutAPage(t *testing.T) {
	for i, clean := range []bool{true, false} {
		r := newRelic(t, clean, 120)
		noise := rand.New(rand.NewPCG(1, 2))
		pages := len(r.image) / relicPage
		whole := 0
		for page := i; page < pages; page += 3 {
			b := slices.Clone(r.image)
			p := b[page*relicPage:][:relicPage]
			how := []string{"zeroed", "noise", "a bit", "its neighbour"}[page/3%4]
			switch how {
			case "zeroed":
				clear(p)
			case "noise":
				for i := range p {
					p[i] = byte(noise.Uint32())
				}
			case "a bit":
				p[noise.IntN(relicPage)] ^= 1 << noise.IntN(8)
			default:
				copy(p, r.image[(page+1)%pages*relicPage:][:relicPage])
			}
			report := r.rescue(t, b, func(id store.ID) bool { return !r.top[int64(page)] && !r.pages[id][int64(page)] })
			if report != nil && report.Whole() {
				whole++
			}
			if t.Failed() {
				t.Fatalf("clean %v: page %d of %d %s: %+v", clean, page, pages, how, report)
			}
		}
		t.Logf("clean %v: nothing was lost without %d of %d pages", clean, whole, pages/3)
	}
}
