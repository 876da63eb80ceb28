package migrations

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

func open(t *testing.T) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "a.db"), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func version(t *testing.T, db *bbolt.DB) (v int, err error) {
	t.Helper()
	viewErr := db.View(func(tx *bbolt.Tx) error {
		v, err = Version(tx)
		return nil
	})
	if viewErr != nil {
		t.Fatal(viewErr)
	}
	return v, err
}

func TestApply(t *testing.T) {
	db := open(t)
	err := db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("app"))
		if err != nil {
			return err
		}
		return b.Put([]byte("key"), []byte("value"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := version(t, db); v != 0 || err != nil {
		t.Errorf("before: format %d, %v", v, err)
	}
	for range 2 { // the second time there is nothing to do
		if err := Apply(db); err != nil {
			t.Fatal(err)
		}
		if v, err := version(t, db); v != Latest || err != nil {
			t.Errorf("after: format %d, %v", v, err)
		}
	}
	err = db.View(func(tx *bbolt.Tx) error {
		if v := tx.Bucket([]byte("app")).Get([]byte("key")); string(v) != "value" {
			t.Errorf("the data of the application is %q", v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestApplyAgainCostsNoCommit(t *testing.T) {
	db := open(t)
	if err := Apply(db); err != nil {
		t.Fatal(err)
	}
	last := func() (id int) {
		if err := db.View(func(tx *bbolt.Tx) error { id = tx.ID(); return nil }); err != nil {
			t.Fatal(err)
		}
		return id
	}
	before := last()
	if err := Apply(db); err != nil || last() != before {
		t.Errorf("%d commits, %v", last()-before, err)
	}
}

func TestNewer(t *testing.T) {
	db := open(t)
	if err := Apply(db); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error { return setVersion(tx, Latest+1) }); err != nil {
		t.Fatal(err)
	}
	err := Apply(db)
	newer, ok := errors.AsType[*NewerError](err)
	if !ok || newer.Found != Latest+1 || newer.Latest != Latest || newer.Error() == "" {
		t.Errorf("got %v", err)
	}
}

func TestDamaged(t *testing.T) {
	for _, format := range []string{"", "1", "12345", "\x00\x00\x00\x00", "\xff\xff\xff\xff"} {
		db := open(t)
		if err := Apply(db); err != nil {
			t.Fatal(err)
		}
		err := db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket(rootName).Bucket(metaName).Put(formatName, []byte(format))
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := Apply(db); !errors.Is(err, ErrDamaged) {
			t.Errorf("format %q: %v", format, err)
		}
	}
	db := open(t)
	err := db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket(rootName)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := Apply(db); !errors.Is(err, ErrDamaged) {
		t.Errorf("without the bucket meta: %v", err)
	}
}
