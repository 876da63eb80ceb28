package boltstore

import (
	"bytes"
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// txn is a transaction that writes. It keeps each job, its index, its counters and
// its unique key in step, and notes who has to be told after the commit.
//
// Verbs work on it in two phases: first they read and check everything, and may
// refuse; then they write, and writing fails only with the engine. Such a failure
// sticks to the transaction (err), which is then rolled back as a whole.
type txn struct {
	reader
	now     time.Time
	err     error
	changed bool
	changes *changes // is told of each key that is written, while Compact runs

	jobs    map[store.ID]*record    // what was read or written; nil: there is none
	batches map[string]*batchRecord // see batch

	hints []store.Topic       // to be sent after the commit
	woken map[string]struct{} // queues that have got something to claim
	watch bool                // notices are wanted: see events.go
	saved bool                // the statistics were written, see saveStats

	handing bool      // claims wait: see handing.go
	fresh   []*newJob // jobs that stand nowhere yet
	sorted  bool      // fresh is in the order of tableReady

	scratch
	key, oldKey []byte // reused for keys, which bbolt copies
	newest      []byte // the greatest id in the file before this transaction
	lookedUp    bool   // newest was looked for
	emptied     bool   // jobs were removed: the end of their table must not be looked for any more
}

// counter names one counter.
type counter struct {
	queue, kind string
	state       store.State
}

func newTxn(tx *bbolt.Tx, now time.Time, s scratch) *txn {
	return &txn{
		reader:  reader{tx: tx},
		now:     now,
		jobs:    map[store.ID]*record{},
		batches: map[string]*batchRecord{},
		woken:   map[string]struct{}{},
		scratch: s.ready(),
	}
}

func (t *txn) put(in table, key, value []byte) {
	t.changed = true
	t.changes.note(in, key)
	if err := t.bucket(in).Put(key, value); err != nil && t.err == nil {
		t.err = err
	}
}

func (t *txn) delete(from table, key []byte) {
	c, _, found := t.seek(from, key)
	if !found {
		return
	}
	t.changed = true
	t.changes.note(from, key)
	if err := c.Delete(); err != nil && t.err == nil {
		t.err = err
	}
}

func (t *txn) hint(what store.TopicKind, id store.ID) {
	t.hints = append(t.hints, store.Topic{What: what, ID: id})
}

// load returns a job as it is at this point of the transaction, or nil. It is shared by
// all who load it: change it only through update.
func (t *txn) load(id store.ID) (*record, error) {
	if j, ok := t.jobs[id]; ok {
		return j, nil
	}
	var j *record
	if b := t.get(tableJob, id[:]); b != nil {
		j = t.newRecord()
		if err := j.decode(id, b, t.names); err != nil {
			return nil, damagedJob(id, "head", err)
		}
	}
	t.jobs[id] = j
	return j, nil
}

// insert stores a new job, and takes its unique key.
func (t *txn) insert(n *newJob) {
	j := &n.record
	t.add(j, j.State, 1)
	t.stats(j).Enqueued++
	t.notice(j, 0, j.State)
	if wantsKey(j) {
		t.takeKey(j)
	}
	t.takeToken(j)
	if n.apart != nil {
		t.put(tableArgs, j.ID[:], n.apart)
	}
	t.jobs[j.ID] = j
	t.hint(store.OnJob, j.ID)
	if t.handing && j.State == store.Available && !j.Suspect {
		t.keepFresh(n)
		return
	}
	t.stand(j)
	t.put(tableJob, j.ID[:], n.encoded)
}

// update changes a job, and with it its place.
func (t *txn) update(j *record, change func()) {
	from, key := indexKey(t.oldKey[:0], j)
	t.oldKey = key
	was, attempt := j.State, j.Attempt
	change()
	to, newKey := indexKey(t.key[:0], j)
	t.key = newKey
	if from != to || string(key) != string(newKey) {
		if !j.fresh {
			t.delete(from, key)
		}
		t.standAt(j, to, newKey)
	}
	if was != j.State {
		t.add(j, was, -1)
		t.add(j, j.State, 1)
		t.tally(j, was)
		if !j.fresh {
			t.hint(store.OnJob, j.ID)
		}
	}
	if was != j.State || attempt != j.Attempt {
		t.notice(j, was, j.State)
	}
	j.fresh = false
	t.put(tableJob, j.ID[:], t.encode(j))
}

// stand puts a job into the index of its state.
func (t *txn) stand(j *record) {
	in, key := indexKey(t.key[:0], j)
	t.key = key
	t.standAt(j, in, key)
}

func (t *txn) standAt(j *record, in table, key []byte) {
	t.put(in, key, nil)
	switch in {
	case tableReady, tableAlone:
		t.woken[j.Queue] = struct{}{}
	case tableDue:
		t.hint(store.OnDue, store.ID{})
	}
}

// remove deletes a job with everything that belongs to it.
func (t *txn) remove(j *record) {
	t.keepNext(j)
	in, key := indexKey(t.key[:0], j)
	t.key = key
	t.delete(in, key)
	t.add(j, j.State, -1)
	t.notice(j, j.State, 0)
	t.dropKey(j)
	t.dropToken(j)
	t.emptied = true
	t.delete(tableJob, j.ID[:])
	if j.argsApart() {
		t.delete(tableArgs, j.ID[:])
	}
	if j.resultApart() {
		t.delete(tableResult, j.ID[:])
	}
	if j.FailureCount > 0 {
		t.deletePrefix(tableFailure, j.ID[:])
	}
	if j.Claim > 0 { // only who runs under a claim stores these
		t.deletePrefix(tablePoint, j.ID[:])
		t.deletePrefix(tableLog, j.ID[:])
	}
	t.jobs[j.ID] = nil
	t.hint(store.OnJob, j.ID)
}

func (t *txn) deletePrefix(from table, prefix []byte) {
	if k, _ := t.cursor(from).Seek(prefix); !bytes.HasPrefix(k, prefix) {
		return
	}
	var keys [][]byte
	for k := range t.prefix(from, prefix) {
		keys = append(keys, append([]byte(nil), k...))
	}
	for _, k := range keys {
		t.delete(from, k)
	}
}

// addFailure appends an encoded failure to those of a job, unless it is nil. The
// caller writes the head.
func (t *txn) addFailure(j *record, failure []byte) {
	if failure == nil {
		return
	}
	key := failureKey(j.ID, j.FailureCount)
	t.put(tableFailure, key, sealValue(key, failure))
	j.FailureCount++
}

// add changes the counter of a state, for now in memory.
func (t *txn) add(j *record, state store.State, n int64) {
	t.account(j.Queue, j.Kind).counts[state] += n
}

// flush writes what was gathered in memory. It is the last step before a commit.
func (t *txn) flush() error {
	for _, b := range t.batches {
		if b != nil && b.raised {
			t.putBatch(b)
		}
	}
	for i := range t.accounts {
		a := &t.accounts[i]
		for state, delta := range a.counts {
			if delta == 0 {
				continue
			}
			if err := t.raise(counter{a.queue, a.kind, store.State(state)}, delta); err != nil {
				return err
			}
		}
		clear(a.counts[:])
	}
	return t.err
}

// raise adds to a counter.
func (t *txn) raise(c counter, delta int64) error {
	key := countKey(c.queue, c.kind, c.state)
	n, err := t.count(key)
	if err != nil {
		return err
	}
	switch n += delta; {
	case n < 0:
		return damaged("the counter of %s jobs of kind %q in queue %q would become %d", c.state, c.kind, c.queue, n)
	case n == 0:
		t.delete(tableCount, key)
	default:
		t.put(tableCount, key, seal(key, binary.BigEndian.AppendUint64(nil, uint64(n))))
	}
	return nil
}
