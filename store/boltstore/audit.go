package boltstore

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// effect is what a call has changed. The zero value is nothing.
type effect struct {
	jobs         []store.ID
	queue, batch string
	detail       string
}

func (e *effect) none() bool {
	return len(e.jobs) == 0 && e.queue == "" && e.batch == "" && e.detail == ""
}

// auditRecord is an entry of the audit on disk. Its number is its key.
type auditRecord struct {
	At        time.Time   `msgpack:"at"`
	Actor     store.Actor `msgpack:"actor"`
	Verb      string      `msgpack:"verb"`
	Reason    string      `msgpack:"reason"`
	Operation string      `msgpack:"operation"`
	Filter    string      `msgpack:"filter,omitempty"`
	Queue     string      `msgpack:"queue"`
	Batch     string      `msgpack:"batch"`
	Detail    string      `msgpack:"detail"`
	Jobs      []byte      `msgpack:"jobs"` // their ids, one behind the other, each once
}

// auditOf returns who asks for the changes of a call, or nil.
func auditOf(ctx context.Context) (*store.Audit, error) {
	a := store.AuditFrom(ctx)
	if a == nil {
		return nil, nil
	}
	for _, text := range []struct {
		what, text string
		limit      int
	}{
		{"name of who asks", a.Actor.Name, maxName}, {"way by which it came", a.Actor.Via, maxName},
		{"verb of the audit", a.Verb, maxName}, {"reason", a.Reason, maxText}, {"name of the operation", a.Operation, maxName}, {"filter", a.Filter, maxText},
	} {
		if err := checkText(text.what, text.text, text.limit); err != nil {
			return nil, err
		}
	}
	copied := *a
	return &copied, nil
}

// audited runs a verb, and has it recorded if somebody asked for it: a is nil for what the
// program does by itself.
func audited(a *store.Audit, verb func(*txn) (effect, error)) func(*txn) error {
	return func(t *txn) error {
		if a == nil {
			_, err := verb(t)
			return err
		}
		newest, err := t.newestEntry() // before anything is written
		if err != nil {
			return err
		}
		done, err := verb(t)
		if err == nil && !done.none() {
			t.enter(newest+1, a, &done)
		}
		return err
	}
}

// enter stores an entry, and a trail from each of its jobs to it.
func (t *txn) enter(number uint64, a *store.Audit, e *effect) {
	rec := auditRecord{
		At: t.now, Actor: a.Actor, Verb: a.Verb, Reason: a.Reason, Operation: a.Operation, Filter: a.Filter,
		Queue: e.queue, Batch: e.batch, Detail: e.detail,
		Jobs: make([]byte, 0, len(e.jobs)*idLen),
	}
	seen := make(map[store.ID]struct{}, len(e.jobs))
	for _, id := range e.jobs {
		if _, twice := seen[id]; twice {
			continue
		}
		seen[id] = struct{}{}
		rec.Jobs = append(rec.Jobs, id[:]...)
		t.put(tableTrail, trailKey(id, number), nil)
	}
	key := auditKey(number)
	sealed, err := encodeMsgpack(key, &rec)
	if err != nil && t.err == nil {
		t.err = err
	}
	t.put(tableAudit, key, sealed)
	t.put(tableMeta, newestEntryKey, seal(newestEntryKey, auditKey(number)))
}

// newestEntryKey leads to the number of the newest entry that there ever was: numbers are not
// used again after all entries were pruned.
var newestEntryKey = []byte("audit")

func (r *reader) newestEntry() (uint64, error) {
	sealed := r.get(tableMeta, newestEntryKey)
	if sealed == nil {
		return 0, nil
	}
	b, ok := unseal(newestEntryKey, sealed)
	if !ok || len(b) != auditKeyLen {
		return 0, damaged("the number of the newest entry of the audit: %w", errChecksum)
	}
	return binary.BigEndian.Uint64(b), nil
}

const (
	auditKeyLen = 8
	trailKeyLen = idLen + auditKeyLen
)

func auditKey(number uint64) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 0, auditKeyLen+sumLen), number)
}

func trailKey(id store.ID, number uint64) []byte {
	return binary.BigEndian.AppendUint64(id[:idLen:idLen], number)
}

// pruneAudit deletes the entries before a time with their trails, the oldest first. It ends
// when it has touched limit entries and trails, but not in the middle of an entry. more tells
// whether there are others. Damaged entries are stepped over.
func (t *txn) pruneAudit(before time.Time, limit int) (touched int, more bool) {
	if before.IsZero() {
		return 0, false
	}
	var old []store.AuditEntry
	for k, sealed := range t.prefix(tableAudit, nil) {
		e, err := readEntry(k, sealed)
		if err != nil {
			continue
		}
		if !e.At.Before(before) {
			break
		}
		if touched >= limit {
			more = true
			break
		}
		old = append(old, e)
		touched += 1 + len(e.Jobs)
	}
	for i := range old {
		for _, id := range old[i].Jobs {
			t.delete(tableTrail, trailKey(id, old[i].Seq))
		}
		t.delete(tableAudit, auditKey(old[i].Seq))
	}
	return touched, more
}
