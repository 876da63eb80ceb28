package boltstore

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/bgq-dev/bgq/store"
)

// Audit implements [store.Store]. A page ends early when its entries name very many jobs.
func (s *Store) Audit(ctx context.Context, req store.AuditRequest) ([]store.AuditEntry, error) {
	switch {
	case req.Limit < 0:
		return nil, fmt.Errorf("the limit of a page is %d", req.Limit)
	case req.Limit == 0:
		req.Limit = defaultLimit
	}
	var entries []store.AuditEntry
	err := s.view(ctx, func(r *reader) (err error) {
		entries, err = r.entries(&req)
		return err
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

func (r *reader) entries(req *store.AuditRequest) (entries []store.AuditEntry, err error) {
	numbers := r.numbers(req)
	for k, size := numbers.next(), 0; k != nil && len(entries) < req.Limit && size < maxPageBytes; k = numbers.next() {
		if len(k) < auditKeyLen {
			return nil, damaged("the key %x of an entry of the audit is no number", k)
		}
		key := k[len(k)-auditKeyLen:]
		sealed := r.get(tableAudit, key)
		if sealed == nil {
			return nil, damaged("the trail %x leads to an entry of the audit that does not exist", k)
		}
		e, err := readEntry(key, sealed)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
		size += len(sealed)
	}
	return entries, nil
}

// numbers goes through the keys that end with the numbers of the entries, newest first: in the
// audit, or in the trail of a job.
func (r *reader) numbers(req *store.AuditRequest) *keyRange {
	in, lo := tableAudit, []byte(nil)
	if !req.Job.IsZero() {
		in, lo = tableTrail, req.Job[:]
	}
	hi := after(lo)
	if req.Before != 0 {
		hi = binary.BigEndian.AppendUint64(join(lo, nil), req.Before)
	}
	k := newRange(r, in, lo, hi, nil, false)
	return &k
}

// readEntry reads an entry of the audit.
func readEntry(key, sealed []byte) (store.AuditEntry, error) {
	var rec auditRecord
	if len(key) != auditKeyLen {
		return store.AuditEntry{}, damaged("the key %x of an entry of the audit is no number", key)
	}
	number := binary.BigEndian.Uint64(key)
	if err := decodeMsgpack(key, sealed, &rec); err != nil {
		return store.AuditEntry{}, damaged("the entry %d of the audit: %w", number, err)
	}
	if len(rec.Jobs)%idLen != 0 {
		return store.AuditEntry{}, damaged("the entry %d of the audit: %w", number, errLayout)
	}
	e := store.AuditEntry{
		Seq: number, At: rec.At.UTC(),
		Audit: store.Audit{Actor: rec.Actor, Verb: rec.Verb, Reason: rec.Reason, Operation: rec.Operation, Filter: rec.Filter},
		Queue: rec.Queue, Batch: rec.Batch, Detail: rec.Detail,
	}
	for b := rec.Jobs; len(b) > 0; b = b[idLen:] {
		e.Jobs = append(e.Jobs, store.ID(b))
	}
	return e, nil
}
