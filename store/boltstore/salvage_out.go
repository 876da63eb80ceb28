package boltstore

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/migrations"
	"github.com/bgq-dev/bgq/store"
)

// salvageOut is the new file. What is put into it is committed from time to time, without
// syncs: it has no name yet.
type salvageOut struct {
	draft *draft
	db    *bbolt.DB
	now   time.Time
	t     *txn
	bytes int // put since the last commit
	puts  int
}

func newSalvageOut(to string, now time.Time) (*salvageOut, error) {
	d, err := newDraft(to)
	if err != nil {
		return nil, err
	}
	o := &salvageOut{draft: d, now: now}
	if err := o.open(); err != nil {
		o.discard()
		return nil, err
	}
	return o, nil
}

func (o *salvageOut) open() (err error) {
	if o.db, err = openNew(o.draft.temp, o.draft.file); err == nil {
		err = guard(func() error {
			if err := migrations.Apply(o.db); err != nil {
				return err
			}
			return o.begin()
		})
	}
	return o.failed(err)
}

func (o *salvageOut) failed(err error) error {
	if err == nil {
		return nil
	}
	return o.draft.fail(fmt.Errorf("it cannot be written: %w", bare(err)), "look after the disk, then try again")
}

func (o *salvageOut) begin() error {
	tx, err := o.db.Begin(true)
	if err != nil {
		return err
	}
	o.t, o.bytes, o.puts = newTxn(tx, o.now, scratch{}), 0, 0
	return nil
}

// The bounds of what waits for a commit.
const (
	salvageBytes = 4 << 20
	salvagePuts  = 10_000
)

// wrote is told how much was put since it was called before, and commits when that is much.
func (o *salvageOut) wrote(puts, bytes int) error {
	o.puts, o.bytes = o.puts+puts, o.bytes+bytes
	if o.puts < salvagePuts && o.bytes < salvageBytes {
		return nil
	}
	if err := o.commit(); err != nil {
		return err
	}
	return o.failed(o.begin())
}

func (o *salvageOut) commit() error {
	t := o.t
	o.t = nil
	err := guard(t.flush)
	if err == nil {
		err = guard(t.tx.Commit)
	}
	if err != nil {
		_ = guard(t.tx.Rollback)
	}
	return o.failed(err)
}

// finish verifies the file, and gives it its name.
func (o *salvageOut) finish(ctx context.Context) error {
	if err := o.commit(); err != nil {
		return err
	}
	o.db.NoFreelistSync = false
	err := guard(func() error { return o.db.Update(func(*bbolt.Tx) error { return nil }) })
	if err != nil {
		return o.failed(err)
	}
	v := &verifier{ctx: ctx, report: Report{States: map[store.State]int{}}, counts: map[counter]int64{}}
	err = guard(func() error {
		return o.db.View(func(tx *bbolt.Tx) error {
			v.reader = &reader{tx: tx}
			return v.run()
		})
	})
	if err != nil {
		return err
	}
	if !v.report.OK() {
		return o.draft.fail(fmt.Errorf("what was saved contradicts itself: %s", v.report.Problems[0]), "no file was made; please report this")
	}
	if err := o.draft.publish(o.db.Close); err != nil {
		return err
	}
	o.draft = nil
	return nil
}

// discard removes the file, unless it is finished.
func (o *salvageOut) discard() {
	if o.draft == nil {
		return
	}
	o.draft.discard(func() error {
		if o.t != nil {
			_ = guard(o.t.tx.Rollback)
		}
		if o.db == nil {
			return o.draft.file.Close()
		}
		return closeSoon(o.db)
	})
	o.draft = nil
}
