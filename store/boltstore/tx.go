package boltstore

import (
	"context"
	"errors"
	"maps"
	"runtime/debug"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// Update runs a function of the application in a transaction on the file, so that
// its own data and the queue change together: see EnqueueTx and FinishTx. If the
// function returns an error or panics, nothing of it is stored.
//
// Everything else that writes waits meanwhile. The function must be quick, and must
// not call the store's other writing methods: they would wait for it for ever. It
// must leave the bucket "bgq" alone.
func (s *Store) Update(ctx context.Context, fn func(*bbolt.Tx) error) error {
	if s.opts.ReadOnly {
		return s.fail(store.ErrReadOnly, "open it without ReadOnly to change it")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.writer.Lock()
	defer s.writer.Unlock()
	if err := s.broken(); err != nil {
		return err
	}
	if s.db == nil {
		return s.fail(store.ErrClosed, "")
	}
	// A fault in the memory of a damaged file must be a panic, which rolls back.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	tx, err := s.db.Begin(true)
	if err != nil {
		return s.fail(err, "")
	}
	u := &appTx{tx: tx, woken: map[string]struct{}{}, ledger: &ledger{}}
	s.app = u
	committing := false
	defer func() {
		s.app = nil
		if !committing { // an error, or a panic that goes on to the caller
			_ = guard(tx.Rollback)
		}
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if u.spoilt != nil {
		return u.spoilt
	}
	committing = true
	s.changes.noteApp()
	if err := s.commitTx(tx); err != nil {
		return err
	}
	s.tell(s.Now(), u.ledger, u.notices, u.hints)
	s.committer.touch(u.woken)
	return nil
}

// appTx is a transaction of the application.
type appTx struct {
	tx     *bbolt.Tx
	spoilt error // why it must not be committed

	// What is told of it after the commit.
	ledger  *ledger
	notices []notice
	hints   []store.Topic
	woken   map[string]struct{}
}

// EnqueueTx is Enqueue inside of the transaction of [Store.Update]. The jobs are
// stored, and those who wait for them are woken, when it commits.
func (s *Store) EnqueueTx(tx *bbolt.Tx, jobs []store.Job) ([]store.Enqueued, error) {
	fresh, err := s.prepare(jobs)
	if err != nil {
		return nil, err
	}
	var answers []store.Enqueued
	err = s.within(tx, func(t *txn) (err error) {
		if err := s.nearlyFull(tx); err != nil {
			return err
		}
		answers, err = t.enqueue(fresh)
		return err
	})
	if err != nil {
		return nil, err
	}
	return answers, nil
}

// FinishTx is Finish inside of the transaction of [Store.Update]: the effect of a job
// and its end become one. If it returns false the claim does not hold any more, and
// the function should return an error, so that the effect is not stored either.
func (s *Store) FinishTx(tx *bbolt.Tx, outcome store.Outcome) (bool, error) {
	ends, err := s.prepareEnds([]store.Outcome{outcome})
	if err != nil {
		return false, err
	}
	held := false
	err = s.within(tx, func(t *txn) error {
		s.spareLogs(tx, ends)
		answers, err := t.finish(ends)
		held = err == nil && answers[0]
		return err
	})
	return held && err == nil, err
}

// within runs verbs in a transaction of Update.
func (s *Store) within(tx *bbolt.Tx, fn func(*txn) error) error {
	u := s.app
	if u == nil || tx != u.tx {
		return errors.New("the transaction is not that of Update")
	}
	t := newTxn(tx, s.Now(), scratch{ledger: u.ledger})
	t.changes, t.watch = s.changes, s.feed.on.Load()
	err := guard(func() error {
		if err := fn(t); err != nil {
			return err
		}
		return t.flush()
	})
	if err != nil {
		err = s.explain(err)
		if t.changed { // half of it: the transaction must not be committed
			u.spoilt = err
		}
		return err
	}
	u.notices = append(u.notices, t.notices...)
	u.hints = append(u.hints, t.hints...)
	maps.Copy(u.woken, t.woken)
	return nil
}
