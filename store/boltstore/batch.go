package boltstore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/bgq-dev/bgq/store"
)

// batchRecord is a batch on disk.
type batchRecord struct {
	store.Batch `msgpack:",inline"`
	// Floor is one more than the highest index whose job was removed: without it Next
	// would go back, and ids would be used twice.
	Floor int64 `msgpack:"floor"`

	raised bool // Floor is yet to be written
}

// PutBatch implements [store.Store]. The base must not be that of another batch.
func (s *Store) PutBatch(ctx context.Context, b store.Batch) (store.Batch, bool, error) {
	if err := s.checkBatch(&b); err != nil {
		return store.Batch{}, false, err
	}
	rec := &batchRecord{Batch: b}
	rec.Info = append(store.Value(nil), b.Info...)
	rec.Next, rec.CreatedAt = 0, stored(b.CreatedAt)
	who, err := auditOf(ctx)
	if err != nil {
		return store.Batch{}, false, err
	}
	created := false
	var answer store.Batch
	err = s.do(ctx, &op{
		run: audited(who, func(t *txn) (effect, error) {
			there, err := t.batch(rec.Name)
			if err != nil {
				return effect{}, err
			}
			if there != nil {
				answer, created = there.Batch, false
				answer.Next = t.nextMember(there)
				return effect{}, nil
			}
			base := rec.Base[:baseLen]
			if other := t.get(tableBase, base); other != nil {
				return effect{}, fmt.Errorf("the base %s belongs to the batch %q: draw another", rec.Base, other)
			}
			if rec.CreatedAt.IsZero() {
				rec.CreatedAt = t.now
			}
			t.putBatch(rec)
			t.put(tableBase, base, []byte(rec.Name))
			answer, created = rec.Batch, true
			answer.Next = t.nextMember(rec)
			return effect{batch: rec.Name}, nil
		}),
	})
	if err != nil {
		return store.Batch{}, false, err
	}
	return answer, created, nil
}

func (s *Store) checkBatch(b *store.Batch) error {
	if err := checkName("name of a batch", b.Name, maxName); err != nil {
		return err
	}
	for what, name := range map[string]string{"queue": b.Queue, "kind": b.Kind} {
		if name == "" {
			continue
		}
		if err := checkName(what, name, maxName); err != nil {
			return err
		}
	}
	if b.Base.IsZero() || b.Base.MemberIndex() != 0 {
		return fmt.Errorf("the batch %q needs a base that was drawn by NewBatchID", b.Name)
	}
	if err := checkTime("created_at", b.CreatedAt); err != nil {
		return err
	}
	if err := checkText("fingerprint", b.Fingerprint, maxText); err != nil {
		return err
	}
	return s.checkValue("info of a batch", b.Info)
}

// DeleteBatch implements [store.Store].
func (s *Store) DeleteBatch(ctx context.Context, name string, limit int) (more bool, err error) {
	limit = min(max(0, limit), s.opts.MaxBatch)
	who, err := auditOf(ctx)
	if err != nil {
		return false, err
	}
	err = s.do(ctx, &op{
		jobs: limit,
		run: audited(who, func(t *txn) (effect, error) {
			var gone []store.ID
			var err error
			if gone, more, err = t.deleteBatch(name, limit); err != nil || more && len(gone) == 0 {
				return effect{}, err
			}
			return effect{jobs: gone, batch: name}, nil
		}),
	})
	return more && err == nil, err
}

// deleteBatch returns the members that it has deleted.
func (t *txn) deleteBatch(name string, limit int) (gone []store.ID, more bool, err error) {
	b, err := t.batch(name)
	if err != nil {
		return nil, false, err
	}
	if b == nil {
		return nil, false, fmt.Errorf("batch %q: %w", name, store.ErrNotFound)
	}
	base := b.Base[:baseLen]
	for k := range t.prefix(tableRun, base) {
		j, err := t.load(store.ID(k))
		if err != nil {
			return nil, false, err
		}
		if j != nil && j.Batch == name {
			return nil, false, fmt.Errorf("batch %q: %w (job %s)", name, store.ErrRunning, j.ID)
		}
	}
	var members []*record
	for k := range t.prefix(tableJob, base) {
		j, err := t.load(store.ID(k))
		if err != nil {
			return nil, false, err
		}
		if j.Batch != name {
			continue
		}
		if len(members) == limit {
			more = true
			break
		}
		members = append(members, j)
	}
	for _, j := range members {
		t.remove(j)
		gone = append(gone, j.ID)
	}
	if !more {
		t.delete(tableBatch, []byte(name))
		t.delete(tableBase, base)
		t.batches[name] = nil
	}
	return gone, more, nil
}

// Batches implements [store.Store].
func (s *Store) Batches(ctx context.Context) ([]store.Batch, error) {
	var all []store.Batch
	err := s.view(ctx, func(r *reader) error {
		for k := range r.prefix(tableBatch, nil) {
			b, err := r.batch(string(k))
			if err != nil {
				return err
			}
			b.Next = r.nextMember(b)
			all = append(all, b.Batch)
		}
		return nil
	})
	return all, err
}

// Batch implements [store.Store].
func (s *Store) Batch(ctx context.Context, name string) (store.Batch, error) {
	var batch store.Batch
	err := s.view(ctx, func(r *reader) error {
		b, err := r.batch(name)
		if err != nil {
			return err
		}
		if b == nil {
			return fmt.Errorf("batch %q: %w", name, store.ErrNotFound)
		}
		b.Next = r.nextMember(b)
		batch = b.Batch
		return nil
	})
	return batch, err
}

// batch reads a batch, or returns nil.
func (r *reader) batch(name string) (*batchRecord, error) {
	key := []byte(name)
	if len(key) == 0 {
		return nil, nil
	}
	sealed := r.get(tableBatch, key)
	if sealed == nil {
		return nil, nil
	}
	var b batchRecord
	if err := decodeMsgpack(key, sealed, &b); err != nil {
		return nil, damaged("the batch %q: %w", name, err)
	}
	b.CreatedAt = b.CreatedAt.UTC()
	return &b, nil
}

// batch remembers what it has read, for the many members of one call.
func (t *txn) batch(name string) (*batchRecord, error) {
	if b, ok := t.batches[name]; ok {
		return b, nil
	}
	b, err := t.reader.batch(name)
	if err == nil {
		t.batches[name] = b
	}
	return b, err
}

func (t *txn) putBatch(b *batchRecord) {
	key := []byte(b.Name)
	sealed, err := encodeMsgpack(key, b)
	if err != nil && t.err == nil {
		t.err = err
	}
	t.put(tableBatch, key, sealed)
	t.batches[b.Name] = b
	b.raised = false
}

// nextMember returns one more than the highest index that a batch ever had. It looks
// for the last member from behind, and steps over two things: pages that this
// transaction has emptied, where a cursor that goes back stands still for a moment
// and yields nothing; and jobs whose drawn id happens to lie among those of the batch.
func (r *reader) nextMember(b *batchRecord) int64 {
	base := b.Base[:baseLen]
	c := r.bucket(tableJob).Cursor()
	first, _ := c.Seek(base)
	if !bytes.HasPrefix(first, base) {
		return b.Floor
	}
	var k []byte
	if end := after(base); end != nil {
		k, _ = c.Seek(end)
	}
	if k != nil {
		k, _ = c.Prev()
	} else {
		k, _ = c.Last()
	}
	for ; ; k, _ = c.Prev() {
		switch {
		case k != nil && r.isMember(k, b.Name):
			return max(b.Floor, store.ID(k).MemberIndex()+1)
		case bytes.Equal(k, first):
			return b.Floor
		}
	}
}

// isMember tells whether the job with that key belongs to a batch. A damaged one
// counts: better an index that is never used than one that is used twice.
func (r *reader) isMember(key []byte, batch string) bool {
	if len(key) != idLen {
		return false
	}
	j, err := r.record(store.ID(key))
	return err != nil || j != nil && j.Batch == batch
}

// keepNext is called before a job is removed: its batch remembers that the index was
// used. It is written with the counters, once for all members of a transaction.
func (t *txn) keepNext(j *record) {
	if j.Batch == "" {
		return
	}
	b, err := t.batch(j.Batch)
	if err != nil || b == nil || !bytes.HasPrefix(j.ID[:], b.Base[:baseLen]) {
		return // not a member by its id: it was stored before the batch was put
	}
	if index := j.ID.MemberIndex(); index >= b.Floor {
		b.Floor, b.raised = index+1, true
	}
}

// after returns the smallest key behind all keys that begin with prefix, or nil if
// there is none.
func after(prefix []byte) []byte {
	k := append([]byte(nil), prefix...)
	for i := len(k) - 1; i >= 0; i-- {
		if k[i]++; k[i] != 0 {
			return k[:i+1]
		}
	}
	return nil
}
