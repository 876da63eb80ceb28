package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/migrations"
	"github.com/bgq-dev/bgq/store"
)

// spoil changes the records of an open store past all that guards them.
func spoil(t testing.TB, s *Store, fn func(get func(table) *bbolt.Bucket) error) {
	t.Helper()
	err := s.Update(t.Context(), func(tx *bbolt.Tx) error {
		return fn(func(in table) *bbolt.Bucket { return tx.Bucket(rootName).Bucket([]byte(tableNames[in])) })
	})
	if err != nil {
		t.Fatal(err)
	}
}

// flip makes the checksum of a record wrong.
func flip(b *bbolt.Bucket, key []byte) error {
	v := bytes.Clone(b.Get(key))
	v[0] ^= 1
	return b.Put(key, v)
}

// salvaged closes a store, salvages its file, and opens the outcome.
func salvaged(t testing.TB, s *Store) (*Store, *SalvageReport) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	to := s.abs + ".repaired"
	report, err := Salvage(t.Context(), s.abs, to, SalvageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return openAt(t, to, Options{}), report
}

func mustGet(t testing.TB, s *Store, id store.ID) store.Job {
	t.Helper()
	jobs, err := s.Get(t.Context(), []store.ID{id}, store.AllParts)
	if err != nil || len(jobs) != 1 {
		t.Fatalf("job %s: %v, %v", id, jobs, err)
	}
	return jobs[0]
}

// A job that has lost a part is not taken for one that is whole.
func TestSalvageOfParts(t *testing.T) {
	s := open(t, Options{})
	jobs := newTestJobs(5)
	for i := range jobs {
		jobs[i].Args = largeValue('a')
	}
	jobs[1].Unique = "freed"
	mustEnqueue(t, s, jobs...)
	fails := store.Move{From: store.SetOf(store.Running), To: store.Available}
	for i := range 3 { // jobs[0] fails twice, then completes with the others but one
		for _, j := range mustClaim(t, s, 1) {
			o := store.Outcome{Ref: j.Ref(), Move: fails, Failure: &store.Failure{Kind: store.FailError, Message: "failed", Attempt: i + 1}}
			if i == 2 {
				o = store.Outcome{Ref: j.Ref(), Move: completeMove, Result: largeValue('r')}
			}
			if held, err := s.Finish(t.Context(), []store.Outcome{o}); err != nil || !held[0] {
				t.Fatal(held, err)
			}
		}
	}
	noResult, noArgs, noPast := jobs[0].ID, jobs[1].ID, jobs[0].ID
	spoil(t, s, func(get func(table) *bbolt.Bucket) error {
		return errors.Join(
			get(tableResult).Delete(noResult[:]),
			flip(get(tableArgs), noArgs[:]),
			flip(get(tableFailure), failureKey(noPast, 0)),
		)
	})
	out, report := salvaged(t, s)
	want := func(what string, jobs SalvagedJobs, id store.ID) {
		t.Helper()
		if jobs.Total != 1 || jobs.IDs[0] != id {
			t.Errorf("%s: %+v, want %s", what, jobs, id)
		}
	}
	want("arguments", report.ArgsLost, noArgs)
	want("result", report.ResultLost, noResult)
	want("failures", report.FailuresLost, noPast)
	if report.Whole() || report.Jobs != 5 || report.Lost.Total != 0 || report.Doubtful.Total != 0 {
		t.Errorf("%+v", report)
	}
	if j := mustGet(t, out, noResult); j.State != store.Discarded || j.Reason != ReasonResultLost || j.Result != nil ||
		len(j.Failures) != 3 || !strings.Contains(j.Failures[0].Message, "lost") || j.Failures[1].Message != "failed" {
		t.Errorf("without a result: %+v", j)
	}
	j := mustGet(t, out, noArgs)
	if j.State != store.Discarded || j.Reason != ReasonArgsLost || j.Args != nil || j.FinalisedAt.IsZero() || len(j.Failures) != 1 {
		t.Errorf("without arguments: %+v", j)
	}
	again := newTestJob() // the key is free
	again.Unique = "freed"
	mustEnqueue(t, out, again)
	if jobs := mustClaim(t, out, 10); len(jobs) != 4 {
		t.Errorf("%d jobs run, want 4", len(jobs))
	}
}

// A record that is damaged is looked for among what earlier commits have left. What is found
// there never runs by itself.
func TestSalvageOfOlderStates(t *testing.T) {
	s := open(t, Options{})
	j := newTestJob()
	mustEnqueue(t, s, j)
	done := mustClaim(t, s, 1)[0]
	if _, err := s.Finish(t.Context(), []store.Outcome{{Ref: done.Ref(), Move: completeMove, Result: store.Value{0xc0}}}); err != nil {
		t.Fatal(err)
	}
	// The damage is done to the file: bbolt would write new pages, and use up the old ones.
	b := readAll(t, s.abs)
	head, err := s.headBytes(t, j.ID)
	if err != nil || bytes.Count(b, head) != 1 {
		t.Fatal(bytes.Count(b, head), err)
	}
	at := bytes.Index(b, head)
	b[at+len(head)-1] ^= 1
	r := &relic{image: b}
	report, out := r.open(t)
	if report.Doubtful.Total != 1 || report.Held != 1 || report.Jobs != 1 {
		t.Fatalf("%+v", report)
	}
	got := mustGet(t, out, j.ID)
	if got.State != store.Pending || got.Reason != ReasonDoubtful || !bytes.Equal(got.Args, j.Args) {
		t.Errorf("%+v", got)
	}
	if jobs := mustClaim(t, out, 10); len(jobs) != 0 {
		t.Errorf("it runs: %+v", jobs)
	}
}

func readAll(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// headBytes returns the record of a job as it is in the file.
func (s *Store) headBytes(t testing.TB, id store.ID) (b []byte, err error) {
	t.Helper()
	err = s.view(t.Context(), func(r *reader) error {
		b = bytes.Clone(r.get(tableJob, id[:]))
		return nil
	})
	return b, err
}

// open salvages an image that was damaged, and opens the outcome.
func (r *relic) open(t testing.TB) (*SalvageReport, *Store) {
	t.Helper()
	from := r.write(t)
	report, err := Salvage(t.Context(), from, from+".repaired", SalvageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return report, openAt(t, from+".repaired", Options{})
}

// Without meta pages the tree is found by itself; nobody knows whether it is the last one, so
// nothing of it runs.
func TestSalvageWithoutMeta(t *testing.T) {
	r := newRelic(t, true, 60)
	r.image = slices.Clone(r.image)
	clear(r.image[:2*relicPage])
	report, out := r.open(t)
	if report.Tree != TreeOlder || report.Jobs != int64(len(r.jobs)) || report.Doubtful.Total != report.Jobs || len(report.App) != 1 || report.App[0].Items == 0 {
		t.Errorf("%+v", report)
	}
	for id, j := range everyJobOf(t, out) {
		was := r.jobs[id]
		if !was.State.Final() && j.State != store.Pending || was.State.Final() && !reflect.DeepEqual(j, was) {
			t.Errorf("job %s was %s, and is %s", id, was.State, j.State)
		}
	}
}

// Without any tree the pages are read one by one. Of several states of a job the one that has come
// farthest is taken, and jobs that were deleted are there again; none of them runs.
func TestSalvageWithoutTree(t *testing.T) {
	r := newRelic(t, true, 60)
	r.image = slices.Clone(r.image)
	for page := range slices.Chunk(r.image, relicPage) {
		if bytes.Contains(page, rootName) || page[8] == 4 { // roots and meta pages
			clear(page)
		}
	}
	report, out := r.open(t)
	if report.Tree != TreeNone || report.Doubtful.Total != report.Jobs || !report.LostUnknown || !report.AppUnknown {
		t.Errorf("%+v", report)
	}
	jobs := everyJobOf(t, out)
	for id, was := range r.jobs {
		j, there := jobs[id]
		switch {
		case !there:
			t.Errorf("job %s (%s) is lost", id, was.State)
		case was.State.Final() && !reflect.DeepEqual(j, was):
			t.Errorf("job %s became %s, was %s", id, brief(j, nil), brief(was, nil))
		case !j.State.Final() && j.State != store.Pending:
			t.Errorf("job %s is %s", id, j.State)
		}
	}
	if queues, err := out.Queues(t.Context()); err != nil || slices.ContainsFunc(queues, func(q store.QueueInfo) bool { return !q.Paused }) {
		t.Errorf("%+v, %v", queues, err)
	}
}

// What is not known of a queue, or of a batch, is taken to be what does least.
func TestSalvageOfSettings(t *testing.T) {
	s := open(t, Options{})
	for _, name := range []string{"q", "other"} {
		if err := s.PutQueue(t.Context(), store.QueueInfo{Name: name, Workers: 3}); err != nil {
			t.Fatal(err)
		}
	}
	var batches []store.Batch
	for _, name := range []string{"lost", "kept"} {
		b, _, err := s.PutBatch(t.Context(), store.Batch{Name: name, Base: store.NewBatchID(), Queue: "batch:" + name, Kind: "k", Total: 3, Fingerprint: "f"})
		if err != nil {
			t.Fatal(err)
		}
		batches = append(batches, b)
		for i := range int64(3) {
			j := newTestJob()
			j.ID, j.Queue, j.Batch, j.Index = b.Base.Member(i), b.Queue, name, i
			mustEnqueue(t, s, j)
		}
	}
	if err := s.PutSchedule(t.Context(), store.Schedule{Name: "daily", Spec: "@daily", Slot: s.Now()}); err != nil {
		t.Fatal(err)
	}
	mustEnqueue(t, s, newTestJob())
	last := batches[1].Base.Member(2)
	spoil(t, s, func(get func(table) *bbolt.Bucket) error {
		return errors.Join(
			flip(get(tableQueue), []byte("q")), flip(get(tableBatch), []byte("lost")), flip(get(tableJob), last[:]))
	})
	out, report := salvaged(t, s)
	if report.Whole() {
		t.Errorf("%+v", report)
	}
	settings := map[string]string{}
	for _, s := range report.Settings {
		settings[s.Kind+" "+s.Name] = s.Became
	}
	if settings["queue q"] != "paused" || settings["batch lost"] != "rebuilt" && settings["batch lost"] != "older" || settings["queue other"] != "" {
		t.Errorf("%v", settings)
	}
	if jobs := mustClaim(t, out, 10); len(jobs) != 0 {
		t.Errorf("jobs of a queue run that may have been paused: %v", jobs)
	}
	b, err := out.Batch(t.Context(), "lost")
	if err != nil || b.Base != batches[0].Base || b.Queue != "batch:lost" || b.Kind != "k" || b.Next != 3 {
		t.Errorf("the batch without a record: %+v, %v", b, err)
	}
	// The index of a member that is lost is not given away again.
	if b, err := out.Batch(t.Context(), "kept"); err != nil || b.Next != 3 || b.Fingerprint != "f" {
		t.Errorf("the batch without its last member: %+v, %v", b, err)
	}
	j := mustGet(t, out, last)
	if report.Marked != report.Lost.Total || report.Marked == 1 && (j.State != store.Discarded || j.Reason != ReasonLost || j.Kind != "k" || len(j.Failures) != 1) {
		t.Errorf("the last member: %+v", j)
	}
	if all, err := out.Schedules(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
}

// Lost members of a batch are marked: it can end, and their indexes are not given away again.
func TestSalvageOfLostMembers(t *testing.T) {
	s := open(t, Options{})
	b, _, err := s.PutBatch(t.Context(), store.Batch{Name: "b", Base: store.NewBatchID(), Queue: "batch:b", Kind: "k"})
	if err != nil {
		t.Fatal(err)
	}
	var heads [][]byte
	for i := range int64(9) {
		j := newTestJob()
		j.ID, j.Queue, j.Batch, j.Index = b.Base.Member(i), b.Queue, "b", i
		j.Unique = fmt.Sprint("key ", i)
		mustEnqueue(t, s, j)
		if i == 0 || i > 4 { // the last four, which nothing follows
			head, err := s.headBytes(t, j.ID)
			if err != nil {
				t.Fatal(err)
			}
			heads = append(heads, head)
		}
	}
	// An index that is damaged itself names a member that never was.
	far := b.Base.Member(1 << 40)
	spoil(t, s, func(get func(table) *bbolt.Bucket) error { return get(tableHeld).Put(far[:], nil) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r := &relic{image: readAll(t, s.abs)}
	for _, head := range heads {
		r.image = bytes.ReplaceAll(r.image, head, bytes.Repeat([]byte{1}, len(head))) // wherever it is left
	}
	report, out := r.open(t)
	if report.Jobs != 4 || report.Lost.Total != 6 || report.Marked != 5 || report.Whole() || report.States[store.Available] != 4 {
		t.Errorf("%+v", report)
	}
	if b, err := out.Batch(t.Context(), "b"); err != nil || b.Next != 9 {
		t.Errorf("%+v, %v", b, err)
	}
	for i := range int64(9) {
		j := mustGet(t, out, b.Base.Member(i))
		if lost := i == 0 || i > 4; j.Unique != fmt.Sprint("key ", i) || lost && (j.State != store.Discarded || j.Reason != ReasonLost || len(j.Failures) != 1 || !j.Kept) || !lost && j.State != store.Available {
			t.Errorf("member %d: %+v", i, j)
		}
	}
}

// Two records with one unique key, which a sound file does not have: the doubtful one gives way.
func TestSalvageOfAKeyHeldTwice(t *testing.T) {
	s := open(t, Options{})
	jobs := newTestJobs(2)
	jobs[0].Unique, jobs[0].Token = "key", "token"
	mustEnqueue(t, s, jobs...)
	spoil(t, s, func(get func(table) *bbolt.Bucket) error {
		j := &record{}
		if err := j.decode(jobs[1].ID, bytes.Clone(get(tableJob).Get(jobs[1].ID[:])), nil); err != nil {
			return err
		}
		j.Unique, j.Token = "key", "token"
		return get(tableJob).Put(jobs[1].ID[:], j.encode(nil))
	})
	out, report := salvaged(t, s)
	if report.KeyLost.Total != 1 || report.KeyLost.IDs[0] != jobs[1].ID || report.Whole() {
		t.Errorf("%+v", report)
	}
	if j := mustGet(t, out, jobs[1].ID); j.Unique != "" || j.Token != "" || j.State != store.Pending {
		t.Errorf("%+v", j)
	}
	if id, held, err := out.Holder(t.Context(), "key"); err != nil || !held || id != jobs[0].ID {
		t.Errorf("%v, %v, %v", id, held, err)
	}
}

func TestSalvageRefuses(t *testing.T) {
	image, _ := image(t, true)
	write := func(b []byte) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "jobs.db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	foreign := filepath.Join(t.TempDir(), "jobs.db")
	db, err := bbolt.Open(foreign, 0o600, nil)
	if err == nil {
		err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("app")); return err })
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	newer := write(image)
	if db, err = bbolt.Open(newer, 0o600, nil); err == nil {
		err = db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket(rootName).Bucket([]byte("meta")).Put(formatKey, []byte{0, 0, 0, byte(migrations.Latest + 1)})
		})
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	head := slices.Clone(image[:2*relicPage])
	for _, c := range []struct {
		what, from string
		err        error
	}{
		{"no file", filepath.Join(t.TempDir(), "none"), fs.ErrNotExist},
		{"a folder", t.TempDir(), store.ErrForeign},
		{"an empty file", write(nil), store.ErrCorrupt},
		{"a text", write(bytes.Repeat([]byte("text "), 5000)), store.ErrForeign},
		{"another bbolt file", foreign, store.ErrForeign},
		{"a newer format", newer, store.ErrNewerFormat},
		{"nothing but meta pages", write(head), store.ErrCorrupt},
		{"zeros behind the meta pages", write(append(head, make([]byte, 20*relicPage)...)), store.ErrCorrupt},
	} {
		for _, dry := range []bool{false, true} {
			to := backupPath(t)
			_, err := Salvage(t.Context(), c.from, to, SalvageOptions{DryRun: dry})
			if !errors.Is(err, c.err) {
				t.Errorf("%s: %v, want %v", c.what, err, c.err)
			}
			wantFileError(t, err, c.err)
			nothingIn(t, to)
		}
	}
	from, to := write(image), backupPath(t)
	_, err = Salvage(t.Context(), from, from, SalvageOptions{})
	wantFileError(t, err, fs.ErrExist)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	big := newRelic(t, true, 60)
	if _, err := Salvage(ctx, write(big.image), to, SalvageOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	nothingIn(t, to)
	if canReplace { // where files are locked
		openAt(t, from, Options{})
		_, err = Salvage(t.Context(), from, to, SalvageOptions{LockTimeout: time.Millisecond})
		wantFileError(t, err, store.ErrLocked)
		nothingIn(t, to)
	}
}

// A dry run finds the same, and leaves nothing.
func TestSalvageDryRun(t *testing.T) {
	r := newRelic(t, false, 80)
	b := slices.Clone(r.image)
	for page := 5; page*relicPage < len(b); page += 7 {
		clear(b[page*relicPage:][:relicPage])
	}
	from := filepath.Join(t.TempDir(), "jobs.db")
	if err := os.WriteFile(from, b, 0o600); err != nil {
		t.Fatal(err)
	}
	dry, err := Salvage(t.Context(), from, from+".repaired", SalvageOptions{DryRun: true})
	if err != nil || dry.Whole() {
		t.Fatalf("%+v, %v", dry, err)
	}
	alone(t, from)
	report, err := Salvage(t.Context(), from, from+".repaired", SalvageOptions{})
	if err != nil || !reflect.DeepEqual(dry, report) {
		t.Errorf("a dry run: %+v, %v, want %+v", dry, err, report)
	}
}

// A file of each format that was ever released becomes one of today.
func TestSalvageFrozenFormats(t *testing.T) {
	files, err := filepath.Glob("testdata/v*.db.gz")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		from := unzip(t, file)
		report, err := Salvage(t.Context(), from, from+".repaired", SalvageOptions{})
		if err != nil || !report.Whole() {
			t.Errorf("%s: %+v, %v", file, report, err)
			continue
		}
		got, want := everyJob(t, openAt(t, from+".repaired", Options{})), everyJob(t, openAt(t, from, Options{}))
		if len(got) == 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", file, got, want)
		}
	}
}
