package boltstore

import (
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

	jobs    map[store.ID]*store.Job // heads that were read or written; nil: there is none
	counts  map[counter]int64       // what is to be added to the counters
	batches map[string]*batchRecord // see batch

	hints []store.Topic       // to be sent after the commit
	woken map[string]struct{} // queues that have got something to claim
}

// counter names one counter.
type counter struct {
	queue, kind string
	state       store.State
}

func newTxn(tx *bbolt.Tx, now time.Time) *txn {
	return &txn{
		reader:  reader{tx: tx},
		now:     now,
		jobs:    map[store.ID]*store.Job{},
		counts:  map[counter]int64{},
		batches: map[string]*batchRecord{},
		woken:   map[string]struct{}{},
	}
}

func (t *txn) put(in table, key, value []byte) {
	t.changed = true
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
	if err := c.Delete(); err != nil && t.err == nil {
		t.err = err
	}
}

func (t *txn) hint(what store.TopicKind, id store.ID) {
	t.hints = append(t.hints, store.Topic{What: what, ID: id})
}

// load returns the head of a job as it is at this point of the transaction, or nil.
// It is shared by all who load it: change it only through update.
func (t *txn) load(id store.ID) (*store.Job, error) {
	if j, ok := t.jobs[id]; ok {
		return j, nil
	}
	j, err := t.head(id)
	if err != nil {
		return nil, err
	}
	t.jobs[id] = j
	return j, nil
}

// insert stores the head of a new job, and takes its unique key.
func (t *txn) insert(j *store.Job) {
	t.stand(j)
	t.add(j, j.State, 1)
	if wantsKey(j) {
		t.takeKey(j)
	}
	t.put(tableJob, j.ID[:], encodeHead(j))
	t.jobs[j.ID] = j
	t.hint(store.OnJob, j.ID)
}

// update changes the head of a job, and with it the place of the job.
func (t *txn) update(j *store.Job, change func()) {
	from, key := indexKey(j)
	was := j.State
	change()
	to, newKey := indexKey(j)
	if from != to || string(key) != string(newKey) {
		t.delete(from, key)
		t.stand(j)
	}
	if was != j.State {
		t.add(j, was, -1)
		t.add(j, j.State, 1)
		t.hint(store.OnJob, j.ID)
	}
	t.put(tableJob, j.ID[:], encodeHead(j))
}

// stand puts a job into the index of its state.
func (t *txn) stand(j *store.Job) {
	in, key := indexKey(j)
	t.put(in, key, nil)
	switch in {
	case tableReady, tableAlone:
		t.woken[j.Queue] = struct{}{}
	case tableDue:
		t.hint(store.OnDue, store.ID{})
	}
}

// remove deletes a job with everything that belongs to it.
func (t *txn) remove(j *store.Job) {
	t.keepNext(j)
	in, key := indexKey(j)
	t.delete(in, key)
	t.add(j, j.State, -1)
	t.dropKey(j)
	t.delete(tableJob, j.ID[:])
	t.delete(tableArgs, j.ID[:])
	t.delete(tableResult, j.ID[:])
	t.deletePrefix(tableFailure, j.ID[:])
	t.deletePrefix(tablePoint, j.ID[:])
	t.jobs[j.ID] = nil
	t.hint(store.OnJob, j.ID)
}

func (t *txn) deletePrefix(from table, prefix []byte) {
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
func (t *txn) addFailure(j *store.Job, failure []byte) {
	if failure == nil {
		return
	}
	key := failureKey(j.ID, j.FailureCount)
	t.put(tableFailure, key, sealValue(key, failure))
	j.FailureCount++
}

// add changes the counter of a state, for now in memory.
func (t *txn) add(j *store.Job, state store.State, n int64) {
	t.counts[counter{j.Queue, j.Kind, state}] += n
}

// flush writes what was gathered in memory. It is the last step before a commit.
func (t *txn) flush() error {
	for _, b := range t.batches {
		if b != nil && b.raised {
			t.putBatch(b)
		}
	}
	for c, delta := range t.counts {
		if delta == 0 {
			continue
		}
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
	}
	clear(t.counts)
	return t.err
}
