package boltstore

import (
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

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/migrations"
	"github.com/bgq-dev/bgq/store"
)

var freeze = flag.Bool("freeze", false, "write testdata for the latest format, if there is none yet")

// Each released format has a file in testdata, and beside it the jobs that are in it.
// Whatever is changed, they must be read from a copy as they were written.
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
			var want []store.Job
			b, err := os.ReadFile(strings.TrimSuffix(file, ".db.gz") + ".json")
			if err = errors.Join(err, json.Unmarshal(b, &want)); err != nil {
				t.Fatal(err)
			}
			got := everyJob(t, s)
			if len(got) != len(want) || len(got) == 0 {
				t.Fatalf("%d jobs, want %d", len(got), len(want))
			}
			for i := range want {
				if !reflect.DeepEqual(got[i], want[i]) {
					t.Errorf("got  %+v\nwant %+v", got[i], want[i])
				}
			}
			mustEnqueue(t, s, newTestJob())
		})
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
	s := openAt(t, unzip(t, name+".db.gz"), Options{})
	text, err := json.MarshalIndent(everyJob(t, s), "", "\t")
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
