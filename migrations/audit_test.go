package migrations

import (
	"slices"
	"testing"

	"go.etcd.io/bbolt"
)

// goTo takes an empty file to an earlier format, as an earlier program has left it.
func goTo(t *testing.T, db *bbolt.DB, format int) {
	t.Helper()
	for v := range format {
		err := db.Update(func(tx *bbolt.Tx) error {
			if err := steps[v](tx); err != nil {
				return err
			}
			return setVersion(tx, v+1)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func buckets(t *testing.T, db *bbolt.DB) (names []string) {
	t.Helper()
	err := db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(rootName).ForEachBucket(func(k []byte) error {
			names = append(names, string(k))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestAudit(t *testing.T) {
	db := open(t)
	goTo(t, db, 1)
	before := buckets(t, db)
	put := func(tx *bbolt.Tx) error {
		return tx.Bucket(rootName).Bucket([]byte("job")).Put([]byte("id"), []byte("head"))
	}
	if err := db.Update(put); err != nil {
		t.Fatal(err)
	}
	if err := Apply(db); err != nil {
		t.Fatal(err)
	}
	var added []string
	for _, name := range buckets(t, db) {
		if !slices.Contains(before, name) {
			added = append(added, name)
		}
	}
	if want := []string{"audit", "log", "stat", "token", "trail"}; !slices.Equal(added, want) {
		t.Errorf("the step has added %q, want %q", added, want)
	}
	get := func(tx *bbolt.Tx) error {
		if v := tx.Bucket(rootName).Bucket([]byte("job")).Get([]byte("id")); string(v) != "head" {
			t.Errorf("a job is %q", v)
		}
		return nil
	}
	if err := db.View(get); err != nil {
		t.Fatal(err)
	}
	if v, err := version(t, db); v != Latest || err != nil {
		t.Errorf("format %d, %v", v, err)
	}
}

// A step may be repeated on a file that it was applied to: what is there stays.
func TestAuditAgain(t *testing.T) {
	db := open(t)
	goTo(t, db, 2)
	err := db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(rootName).Bucket([]byte("token"))
		if err := b.Put([]byte("t"), []byte("id")); err != nil {
			return err
		}
		if err := audit(tx); err != nil {
			return err
		}
		if v := b.Get([]byte("t")); string(v) != "id" {
			t.Errorf("a token leads to %q", v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever format a file has, Apply takes it to the latest one.
func TestApplyFromEachFormat(t *testing.T) {
	fresh := open(t)
	goTo(t, fresh, Latest)
	want := buckets(t, fresh)
	for format := range Latest {
		db := open(t)
		goTo(t, db, format)
		if err := Apply(db); err != nil {
			t.Fatalf("from format %d: %v", format, err)
		}
		if got := buckets(t, db); !slices.Equal(got, want) {
			t.Errorf("from format %d: the buckets are %q, want %q", format, got, want)
		}
	}
}
