package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin"
	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/boltstore"
)

// breathing is a store for reading that lets go of the file now and then: before a page is read, if the file has been
// open for a while, it is closed for a breath. So a search through millions of jobs keeps no app from
// starting. When an app has taken the file the search ends with store.ErrLocked.
type breathing struct {
	store.Store // for what nobody asks of a file that is open for reading
	open        func() (*boltstore.Store, error)

	mu     sync.RWMutex // held for reading while the file is used
	file   *boltstore.Store
	opened time.Time
}

var (
	_ store.Keys    = (*breathing)(nil)
	_ store.Backlog = (*breathing)(nil)
	_ admin.File    = (*breathing)(nil)
)

func newBreathing(open func() (*boltstore.Store, error)) (*breathing, error) {
	s, err := open()
	if err != nil {
		return nil, err
	}
	return &breathing{Store: s, open: open, file: s, opened: time.Now()}, nil
}

// breathe closes the file for a moment, if that is due.
func (b *breathing) breathe(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	pause := breathFor(b.opened, time.Now())
	if pause == 0 {
		return nil
	}
	if err := b.file.Close(); err != nil {
		return err
	}
	select {
	case <-time.After(pause):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	s, err := b.open()
	if err != nil {
		return err
	}
	b.file, b.opened = s, time.Now()
	return nil
}

// now asks the file of the moment.
func now[T any](b *breathing, ask func(*boltstore.Store) (T, error)) (T, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return ask(b.file)
}

// List implements [store.Store]. It is what searches are made of.
func (b *breathing) List(ctx context.Context, req store.ListRequest) (page store.Page, err error) {
	if err := b.breathe(ctx); err != nil {
		return page, err
	}
	return now(b, func(s *boltstore.Store) (store.Page, error) { return s.List(ctx, req) })
}

// Get implements [store.Store].
func (b *breathing) Get(ctx context.Context, ids []store.ID, parts store.Parts) ([]store.Job, error) {
	return now(b, func(s *boltstore.Store) ([]store.Job, error) { return s.Get(ctx, ids, parts) })
}

// Count implements [store.Store].
func (b *breathing) Count(ctx context.Context) ([]store.CountRow, error) {
	return now(b, func(s *boltstore.Store) ([]store.CountRow, error) { return s.Count(ctx) })
}

// Queues implements [store.Store].
func (b *breathing) Queues(ctx context.Context) ([]store.QueueInfo, error) {
	return now(b, func(s *boltstore.Store) ([]store.QueueInfo, error) { return s.Queues(ctx) })
}

// Batches implements [store.Store].
func (b *breathing) Batches(ctx context.Context) ([]store.Batch, error) {
	return now(b, func(s *boltstore.Store) ([]store.Batch, error) { return s.Batches(ctx) })
}

// Batch implements [store.Store].
func (b *breathing) Batch(ctx context.Context, name string) (store.Batch, error) {
	return now(b, func(s *boltstore.Store) (store.Batch, error) { return s.Batch(ctx, name) })
}

// Schedules implements [store.Store].
func (b *breathing) Schedules(ctx context.Context) ([]store.Schedule, error) {
	return now(b, func(s *boltstore.Store) ([]store.Schedule, error) { return s.Schedules(ctx) })
}

// Logs implements [store.Store].
func (b *breathing) Logs(ctx context.Context, id store.ID, after int64, limit int) ([]store.LogLine, error) {
	return now(b, func(s *boltstore.Store) ([]store.LogLine, error) { return s.Logs(ctx, id, after, limit) })
}

// Audit implements [store.Store].
func (b *breathing) Audit(ctx context.Context, req store.AuditRequest) ([]store.AuditEntry, error) {
	return now(b, func(s *boltstore.Store) ([]store.AuditEntry, error) { return s.Audit(ctx, req) })
}

// Stats implements [store.Store].
func (b *breathing) Stats(ctx context.Context, from, to time.Time) ([]store.Stats, error) {
	return now(b, func(s *boltstore.Store) ([]store.Stats, error) { return s.Stats(ctx, from, to) })
}

// Holder implements [store.Keys].
func (b *breathing) Holder(ctx context.Context, unique string) (id store.ID, held bool, err error) {
	_, err = now(b, func(s *boltstore.Store) (struct{}, error) {
		id, held, err = s.Holder(ctx, unique)
		return struct{}{}, err
	})
	return id, held, err
}

// Oldest implements [store.Backlog].
func (b *breathing) Oldest(ctx context.Context, queues []string) (map[string]time.Time, error) {
	return now(b, func(s *boltstore.Store) (map[string]time.Time, error) { return s.Oldest(ctx, queues) })
}

// Info implements [admin.File].
func (b *breathing) Info() (boltstore.Info, error) { return now(b, (*boltstore.Store).Info) }

// Verify implements [admin.File]. A file that is checked stays open until the end.
func (b *breathing) Verify(ctx context.Context) (boltstore.Report, error) {
	return now(b, func(s *boltstore.Store) (boltstore.Report, error) { return s.Verify(ctx) })
}

// Compact implements [admin.File]. It is refused.
func (b *breathing) Compact(ctx context.Context) (boltstore.Compacted, error) {
	return now(b, func(s *boltstore.Store) (boltstore.Compacted, error) { return s.Compact(ctx) })
}

// Backup implements [admin.File].
func (b *breathing) Backup(ctx context.Context, path string) (boltstore.Backup, error) {
	return now(b, func(s *boltstore.Store) (boltstore.Backup, error) { return s.Backup(ctx, path) })
}

// Close implements [store.Store].
func (b *breathing) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.file.Close(); !errors.Is(err, store.ErrClosed) {
		return err
	}
	return nil
}
