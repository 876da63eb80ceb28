package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// asked returns a context whose changes are recorded.
func asked(t testing.TB) context.Context {
	return store.WithAudit(t.Context(), store.Audit{Actor: store.Actor{Name: "ann"}, Verb: "verb"})
}

// spoilTable changes a table behind the back of the store.
func spoilTable(t testing.TB, s *Store, in table, change func(*bbolt.Bucket) error) {
	t.Helper()
	err := s.Update(t.Context(), func(tx *bbolt.Tx) error {
		return change(tx.Bucket(rootName).Bucket([]byte(tableNames[in])))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What was asked for and who asked are one commit, and one transaction of the file.
func TestAuditIsOneCommit(t *testing.T) {
	s := open(t, Options{})
	jobs := newTestJobs(3)
	before := commits(t, s)
	if _, err := s.Enqueue(asked(t), jobs); err != nil {
		t.Fatal(err)
	}
	if err := s.PutQueue(asked(t), store.QueueInfo{Name: "q", Workers: 2}); err != nil {
		t.Fatal(err)
	}
	if n := commits(t, s) - before; n != 2 {
		t.Errorf("two calls took %d commits", n)
	}
	if err := s.PutQueue(asked(t), store.QueueInfo{Name: "q", Workers: 2}); err != nil {
		t.Fatal(err)
	}
	if n := commits(t, s) - before; n != 2 {
		t.Errorf("a call that changed nothing took %d commits", n-2)
	}
}

// Who cannot be recorded cannot change anything; what nobody asked for goes on.
func TestAuditWithoutItsNumber(t *testing.T) {
	s := open(t, Options{})
	j := newTestJob()
	if _, err := s.Enqueue(asked(t), []store.Job{j}); err != nil {
		t.Fatal(err)
	}
	spoilTable(t, s, tableMeta, func(b *bbolt.Bucket) error { return b.Put(newestEntryKey, []byte("damaged")) })
	before := dump(t, s)
	_, err := s.Change(asked(t), store.Change{IDs: []store.ID{j.ID}, Delete: store.EveryState})
	wantFileError(t, err, store.ErrCorrupt)
	sameDump(t, dump(t, s), before)
	if changed, err := s.Change(t.Context(), store.Change{IDs: []store.ID{j.ID}, Delete: store.EveryState}); err != nil || len(changed.Done) != 1 {
		t.Errorf("without an audit: %+v, %v", changed, err)
	}
	s.Close() // not audited: it is damaged on purpose
}

// A damaged entry holds up neither the pruning of others nor the reading of those that do
// not lie behind it.
func TestDamagedEntryIsSteppedOver(t *testing.T) {
	s := open(t, Options{})
	for range 4 {
		if _, err := s.Enqueue(asked(t), newTestJobs(2)); err != nil {
			t.Fatal(err)
		}
	}
	spoilTable(t, s, tableAudit, func(b *bbolt.Bucket) error {
		v := bytes.Clone(b.Get(auditKey(2)))
		v[0] ^= 1
		return b.Put(auditKey(2), v)
	})
	if got, err := s.Audit(t.Context(), store.AuditRequest{Limit: 2}); err != nil || len(got) != 2 {
		t.Errorf("the sound ones: %+v, %v", got, err)
	}
	_, err := s.Audit(t.Context(), store.AuditRequest{})
	wantFileError(t, err, store.ErrCorrupt)
	m, err := s.Maintain(t.Context(), store.Budget{Limit: 100, AuditBefore: s.Now().Add(time.Hour)})
	if err != nil || m.More {
		t.Errorf("Maintain: %+v, %v", m, err)
	}
	count := map[table]int{}
	if err := s.view(t.Context(), func(r *reader) error {
		for _, in := range []table{tableAudit, tableTrail} {
			for range r.prefix(in, nil) {
				count[in]++
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if count[tableAudit] != 1 || count[tableTrail] != 2 {
		t.Errorf("left are %d entries and %d trails, want the damaged one and its two", count[tableAudit], count[tableTrail])
	}
	s.Close() // not audited: it is damaged on purpose
}

// An entry counts as much as it touches, and goes as a whole.
func TestPruningTheAuditIsBounded(t *testing.T) {
	s := open(t, Options{})
	for range 5 {
		if _, err := s.Enqueue(asked(t), newTestJobs(9)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{3, 1, 0} {
		m, err := s.Maintain(t.Context(), store.Budget{Limit: 15, AuditBefore: s.Now().Add(time.Hour)})
		left, readErr := s.Audit(t.Context(), store.AuditRequest{})
		if err != nil || readErr != nil || m.More != (want > 0) || len(left) != want {
			t.Fatalf("%+v, %d entries are left, want %d (%v, %v)", m, len(left), want, err, readErr)
		}
		audit(t, s)
	}
}

// Tokens hold inside of one transaction of the application, and are forgotten with it.
func TestTokensInTheOwnersTransaction(t *testing.T) {
	s := open(t, Options{})
	carrying := func(token string) store.Job {
		j := newTestJob()
		j.Token = token
		return j
	}
	first, second := carrying("t"), carrying("t")
	enqueue := func(tx *bbolt.Tx, j store.Job, by store.ID) error {
		got, err := s.EnqueueTx(tx, []store.Job{j})
		if err == nil && got[0] != (store.Enqueued{ID: by, Existing: by != j.ID}) {
			err = fmt.Errorf("got %+v, want that of %s", got[0], by)
		}
		return err
	}
	rolledBack := fmt.Errorf("rolled back")
	for _, end := range []error{rolledBack, nil} {
		err := s.Update(t.Context(), func(tx *bbolt.Tx) error {
			if err := enqueue(tx, first, first.ID); err != nil {
				return err
			}
			if err := enqueue(tx, second, first.ID); err != nil {
				return err
			}
			return end
		})
		if err != end {
			t.Fatal(err)
		}
	}
	third := carrying("t")
	if got, err := s.Enqueue(t.Context(), []store.Job{third}); err != nil || got[0].ID != first.ID {
		t.Errorf("afterwards: %+v, %v", got, err)
	}
}

// Jobs that nobody gave a token are written as format 1 wrote them.
func TestRecordsWithoutTokenAreOld(t *testing.T) {
	j := newTestJob()
	plain := encodeJob(j)
	if plain[0] != 1 {
		t.Errorf("the version is %d", plain[0])
	}
	j.Token = "t"
	with := encodeJob(j)
	if with[0] != 2 || len(with) != len(plain)+2 {
		t.Errorf("with a token it has version %d and %d bytes, without %d", with[0], len(with), len(plain))
	}
}
