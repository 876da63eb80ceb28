package boltstore

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
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

var freeze = flag.Bool("freeze", false, "write testdata for the latest format, if there is none yet")

// frozen is what is in a file of testdata.
type frozen struct {
	Jobs      []store.Job
	Queues    []store.QueueInfo
	Batches   []store.Batch
	Schedules []store.Schedule
	Audit     []store.AuditEntry
	Lines     map[string][]store.LogLine // of the jobs that have some
	Stats     []store.Stats
}

// read reads all of a file.
func (f *frozen) read(t *testing.T, s *Store) {
	t.Helper()
	ctx := context.Background()
	var errs [6]error
	f.Jobs = everyJob(t, s)
	f.Queues, errs[0] = s.Queues(ctx)
	f.Batches, errs[1] = s.Batches(ctx)
	f.Schedules, errs[2] = s.Schedules(ctx)
	f.Audit, errs[3] = s.Audit(ctx, store.AuditRequest{Limit: 1000})
	f.Stats, errs[4] = s.Stats(ctx, time.Unix(0, 0), time.Unix(1<<32, 0))
	for i := range f.Jobs {
		lines, err := s.Logs(ctx, f.Jobs[i].ID, 0, 1000)
		errs[5] = errors.Join(errs[5], err)
		if len(lines) > 0 {
			if f.Lines == nil {
				f.Lines = map[string][]store.LogLine{}
			}
			f.Lines[f.Jobs[i].ID.String()] = lines
		}
	}
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
}

// Each released format has a file in testdata, and beside it what is in it. Whatever is
// changed, that must be read from a copy as it was written.
func TestFrozenFormats(t *testing.T) {
	name := fmt.Sprintf("testdata/v%04d", migrations.Latest)
	if *freeze {
		freezeFormat(t, name)
	}
	if _, err := os.Stat(name + ".db.gz"); err != nil {
		t.Errorf("the latest format has no file: run this test with -freeze (%v)", err)
	}
	files, err := filepath.Glob("testdata/v*.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			s := openAt(t, unzip(t, file), Options{})
			var want, got frozen
			b, err := os.ReadFile(strings.TrimSuffix(file, ".db.gz") + ".json")
			if err = errors.Join(err, json.Unmarshal(b, &want)); err != nil {
				t.Fatal(err)
			}
			got.read(t, s)
			if len(want.Jobs) == 0 || len(got.Jobs) != len(want.Jobs) {
				t.Fatalf("%d jobs, want %d", len(got.Jobs), len(want.Jobs))
			}
			for i := range want.Jobs {
				if !reflect.DeepEqual(got.Jobs[i], want.Jobs[i]) {
					t.Errorf("got  %+v\nwant %+v", got.Jobs[i], want.Jobs[i])
				}
			}
			got.Jobs, want.Jobs = nil, nil
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if info, err := s.Info(); err != nil || info.Format != migrations.Latest {
				t.Errorf("it was left at format %d, %v", info.Format, err)
			}
			useFrozen(t, s)
		})
	}
}

// useFrozen works on a file that may have been of an older format.
func useFrozen(t *testing.T, s *Store) {
	t.Helper()
	j := newTestJob()
	j.Token = "a token of today"
	ctx := store.WithAudit(t.Context(), store.Audit{Verb: "enqueue"})
	if _, err := s.Enqueue(ctx, []store.Job{j}); err != nil {
		t.Fatal(err)
	}
	if of, err := s.Audit(ctx, store.AuditRequest{Job: j.ID}); err != nil || len(of) != 1 {
		t.Errorf("the audit of a job is %+v, %v", of, err)
	}
	var all []store.ID
	for _, j := range everyJob(t, s) {
		all = append(all, j.ID)
	}
	retry := store.Move{From: store.EveryState, To: store.Available, Grant: true}
	for _, change := range []store.Change{{IDs: all, Cases: []store.Move{retry}}, {IDs: all, Delete: store.EveryState}} {
		if done, err := s.Change(ctx, change); err != nil || len(done.Done) != len(all) {
			t.Errorf("of %d jobs %d were changed, %v", len(all), len(done.Done), err)
		}
	}
}

// A file of an older format cannot be brought up to date while it is open for reading only.
func TestOlderFormatReadOnly(t *testing.T) {
	path := unzip(t, "testdata/v0001.db.gz")
	before, readErr := os.ReadFile(path)
	if readErr != nil {
		t.Fatal(readErr)
	}
	_, err := Open(path, Options{ReadOnly: true})
	wantFileError(t, err, store.ErrOlderFormat)
	for _, part := range []string{"an older format, 1:", "`bgq migrate --db " + path + "`"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v: %q is missing", err, part)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file was changed (%v)", err)
	}
	if err := openAt(t, path, Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	if err := openAt(t, path, Options{ReadOnly: true}).Close(); err != nil {
		t.Fatal(err)
	}
}

func freezeFormat(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Stat(name + ".db.gz"); err == nil {
		t.Fatalf("%s is frozen already", name)
	}
	b, _ := image(t, true)
	f, err := os.Create(name + ".db.gz")
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	_, err = z.Write(b)
	if err = errors.Join(err, z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	var content frozen
	content.read(t, openAt(t, unzip(t, name+".db.gz"), Options{}))
	text, err := json.MarshalIndent(&content, "", "\t")
	if err = errors.Join(err, os.WriteFile(name+".json", append(text, '\n'), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func unzip(t *testing.T, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	path := filepath.Join(t.TempDir(), "jobs.db")
	if err = errors.Join(err, os.WriteFile(path, b, 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

func everyJob(t *testing.T, s *Store) []store.Job {
	t.Helper()
	page, err := s.List(context.Background(), store.ListRequest{Limit: 1000, Ascending: true, Parts: store.AllParts})
	if err != nil {
		t.Fatal(err)
	}
	return page.Jobs
}

// The migrations make exactly the buckets that this package uses.
func TestBuckets(t *testing.T) {
	s := open(t, Options{})
	var got []string
	err := s.view(t.Context(), func(r *reader) error {
		return r.tx.Bucket(rootName).ForEachBucket(func(k []byte) error {
			got = append(got, string(k))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	want := tableNames[:]
	slices.Sort(got)
	if !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("the buckets are %q, want %q", got, want)
	}
}

// bbolt's own check agrees with what the store leaves behind.
func TestPagesAreSound(t *testing.T) {
	s := open(t, Options{})
	furnish(t, s)
	err := s.Update(t.Context(), func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			t.Error(err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
