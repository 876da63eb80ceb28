package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore/internal/pagecheck"
)

// dump returns everything that is in the file: each key and value, and each bucket with its
// sequence.
func dump(t testing.TB, s *Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	var walk func(path string, b *bbolt.Bucket)
	walk = func(path string, b *bbolt.Bucket) {
		all[path] = fmt.Sprint("bucket ", b.Sequence())
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if v == nil {
				walk(fmt.Sprintf("%s/%x", path, k), b.Bucket(k))
			} else {
				all[fmt.Sprintf("%s/%x", path, k)] = string(v)
			}
		}
	}
	err := s.view(context.Background(), func(r *reader) error {
		walk("", r.tx.Cursor().Bucket())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sameDump fails the test if two files do not say the same.
func sameDump(t testing.TB, got, want map[string]string) {
	t.Helper()
	if maps.Equal(got, want) {
		return
	}
	for k, v := range want {
		if g, ok := got[k]; !ok {
			t.Errorf("%s is lost", k)
		} else if g != v {
			t.Errorf("%s is %x, want %x", k, g, v)
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%s should not be there", k)
		}
	}
}

// alone fails the test unless the folder of the file holds nothing else.
func alone(t testing.TB, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v, want the file alone", entries, err)
	}
}

// needsReplace skips a test where compaction is not possible.
func needsReplace(t testing.TB) {
	if !canReplace {
		t.Skip("an open file cannot be replaced on this system")
	}
}

func mustCompact(t testing.TB, s *Store) Compacted {
	t.Helper()
	done, err := s.Compact(t.Context())
	if err != nil {
		t.Fatalf("Compact: %v", err)
	}
	return done
}

func TestCompact(t *testing.T) {
	needsReplace(t)
	s := open(t, Options{})
	jobs := furnish(t, s)
	var bulk []store.Job
	for range 200 {
		j := newTestJob()
		j.Queue, j.Args = "bulk", make(store.Value, 20_000)
		bulk = append(bulk, j)
	}
	mustEnqueue(t, s, bulk...)
	var ids []store.ID
	for _, j := range bulk {
		ids = append(ids, j.ID)
	}
	if _, err := s.Change(t.Context(), store.Change{IDs: ids, Delete: store.EveryState}); err != nil {
		t.Fatal(err)
	}
	before, want := fileSize(t, s.abs), dump(t, s)
	unused, err := s.Unused(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done := mustCompact(t, s)
	if done.Before != before || done.After != fileSize(t, s.abs) || done.Took < done.Pause || done.Pause <= 0 {
		t.Errorf("%+v, the file had %d bytes and has %d", done, before, fileSize(t, s.abs))
	}
	if done.After > 512<<10 || unused < 4_000_000 || done.Before-done.After < unused-(64<<10) {
		t.Errorf("%+v, and %d bytes were unused", done, unused)
	}
	sameDump(t, dump(t, s), want)
	alone(t, s.abs)
	audit(t, s)
	if s.changes != nil {
		t.Error("changes are logged yet")
	}

	// It goes on in the new file, and closes it well, even if nothing more is written.
	mustEnqueue(t, s, newTestJob())
	saveStats(t, s)
	want = dump(t, s)
	mustCompact(t, s) // it is small already
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(s.abs)
		if err != nil {
			t.Fatal(err)
		}
		if report, err := pagecheck.Check(bytes.NewReader(b), int64(len(b))); err != nil || !report.Clean {
			t.Errorf("the closed file: %+v, %v", report, err)
		}
		s = openAt(t, s.abs, Options{})
		sameDump(t, dump(t, s), want)
		if got := everyJob(t, s); len(got) != len(jobs)+1 {
			t.Errorf("%d jobs, want %d", len(got), len(jobs)+1)
		}
		mustCompact(t, s)
	}
}

func fileSize(t testing.TB, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// A file of each format that was ever released says the same when it has been compacted.
func TestCompactFrozenFormats(t *testing.T) {
	needsReplace(t)
	files, err := filepath.Glob("testdata/v*.db.gz")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		s := openAt(t, unzip(t, file), Options{})
		want := everyJob(t, s)
		mustCompact(t, s)
		if got := everyJob(t, s); len(got) == 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", file, got, want)
		}
	}
}

// Records are copied as they are, also damaged ones.
func TestCompactKeepsDamagedRecords(t *testing.T) {
	needsReplace(t)
	s := open(t, Options{})
	j := newTestJob()
	j.Args = largeValue('a')
	mustEnqueue(t, s, j)
	err := s.Update(t.Context(), func(tx *bbolt.Tx) error {
		b := tx.Bucket(rootName).Bucket([]byte("args"))
		v := bytes.Clone(b.Get(j.ID[:]))
		v[0]++
		return b.Put(j.ID[:], v)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := dump(t, s)
	mustCompact(t, s)
	sameDump(t, dump(t, s), want)
	if _, err := s.Get(t.Context(), []store.ID{j.ID}, store.AllParts); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil { // before the audit
		t.Fatal(err)
	}
}

// Pages that make no sense end it, and leave the file alone.
func TestCompactRefusesDamagedPages(t *testing.T) {
	needsReplace(t)
	s := open(t, Options{})
	jobs := newTestJobs(1000)
	mustEnqueue(t, s, jobs...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// A large file that was closed well is not checked page by page when it is opened.
	s = openAt(t, s.abs, Options{})
	b, err := os.ReadFile(s.abs)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(s.abs, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	slices.SortFunc(jobs, func(a, b store.Job) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	low, high := jobs[500].ID, jobs[501].ID
	for at := 0; ; at++ { // two keys that follow each other change places
		i := bytes.Index(b[at:], low[:])
		if i < 0 {
			break
		}
		if at += i; !bytes.HasPrefix(b[at-1:], []byte{0}) {
			if _, err := f.WriteAt(high[:], int64(at)); err != nil {
				t.Fatal(err)
			}
		}
	}
	before, err := os.ReadFile(s.abs)
	if err != nil || bytes.Equal(before, b) {
		t.Fatal("nothing was damaged", err)
	}
	_, err = s.Compact(t.Context())
	wantFileError(t, err, store.ErrCorrupt)
	alone(t, s.abs)
	if after, err := os.ReadFile(s.abs); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file was changed (%v)", err)
	}
	if err := s.Close(); err != nil { // before the audit
		t.Fatal(err)
	}
}

// A small file that was compacted stays small when it is closed.
func TestCompactedFileStaysSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jobs.db")
	s := openAt(t, path, Options{})
	mustEnqueue(t, s, newTestJobs(3)...)
	if _, err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 2*minGrowth {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
}
