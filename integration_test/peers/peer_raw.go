package main

import (
	"context"
	"encoding/binary"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
)

// raw is bbolt without a queue on it: the floor. It writes about the bytes that bgq writes for the
// same calls, in transactions as large as the scenario allows, and does nothing
// else: no states, no retries, no recovery, no goroutines to run anything.
type raw struct {
	db      *bbolt.DB
	handler func()
	started atomic.Bool
	next    uint64 // key of the last job; belongs to the transaction
	done    uint64 // jobs that are done; belongs to the transaction
	read    []byte // the job that was claimed last
	puts    chan put
	ended   chan struct{}
}

// put is one job to be stored by the committer.
type put struct {
	value []byte
	done  chan error
}

// rawHead is about what bgq writes for one job in each of its commits, beside the argument: head,
// index entries and counters.
const rawHead = 300

// rawGroup is how many jobs raw puts into one commit where it has a free choice.
const rawGroup = 256

var (
	rawReady = []byte("ready")
	rawDone  = []byte("done")
)

func openRaw(_ context.Context, s site) (queue, error) {
	// The options of bgq's own file.
	db, err := bbolt.Open(filepath.Join(s.dir, "raw.db"), 0o600, &bbolt.Options{
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30,
	})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucket(rawReady); err != nil {
			return err
		}
		_, err := tx.CreateBucket(rawDone)
		return err
	})
	q := &raw{db: db, handler: s.handler, puts: make(chan put, rawGroup), ended: make(chan struct{})}
	go q.commit()
	return q, err
}

// commit puts whatever has arrived during the last commit into the next one. Producers that
// were just answered get a moment to be in it, as in bgq.
func (q *raw) commit() {
	defer close(q.ended)
	for first := range q.puts {
		group := []put{first}
	more:
		for len(group) < rawGroup {
			select {
			case p, ok := <-q.puts:
				if !ok {
					break more
				}
				group = append(group, p)
			default:
				break more
			}
		}
		began := time.Now()
		err := q.db.Update(func(tx *bbolt.Tx) error {
			for _, p := range group {
				if err := q.put(tx, p.value); err != nil {
					return err
				}
			}
			return nil
		})
		for _, p := range group {
			p.done <- err
		}
		for end := time.Now().Add(time.Since(began) / 8); len(q.puts) < len(group) && time.Now().Before(end); {
			runtime.Gosched()
		}
	}
}

func (q *raw) put(tx *bbolt.Tx, value []byte) error {
	q.next++
	return tx.Bucket(rawReady).Put(binary.BigEndian.AppendUint64(nil, q.next), value)
}

func rawValue(payload string) []byte { return append(make([]byte, rawHead), payload...) }

// Enqueue is one put. When the queue is started nothing else waits in it: the caller runs the
// handler itself, and done is the second commit.
func (q *raw) Enqueue(_ context.Context, payload string) (func(context.Context) error, error) {
	p := put{rawValue(payload), make(chan error, 1)}
	q.puts <- p
	if err := <-p.done; err != nil {
		return nil, err
	}
	if q.started.Load() {
		q.handler()
	}
	return func(context.Context) error { return q.finish(1) }, nil
}

func (q *raw) EnqueueMany(_ context.Context, payloads []string) error {
	for chunk := range slices.Chunk(payloads, 1000) {
		err := q.db.Update(func(tx *bbolt.Tx) error {
			for _, p := range chunk {
				if err := q.put(tx, rawValue(p)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Start works off what is stored, in the caller: for each group one commit that writes the heads, as
// a claim does, and one that moves them to the jobs that are done.
func (q *raw) Start(context.Context) error {
	q.started.Store(true)
	for {
		n := min(int(q.next-q.done), rawGroup)
		if n == 0 {
			return nil
		}
		if err := q.claim(n); err != nil {
			return err
		}
		for range n {
			q.handler()
		}
		if err := q.finish(n); err != nil {
			return err
		}
	}
}

// Batch stores and works off, which is Parallelise without its results.
func (q *raw) Batch(ctx context.Context, n int) error {
	if err := q.EnqueueMany(ctx, payloads(n)); err != nil {
		return err
	}
	return q.Start(ctx)
}

// claim reads the first n jobs, and writes their heads, which bgq keeps apart from the arguments.
func (q *raw) claim(n int) error {
	return q.db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte("claimed"))
		if err != nil {
			return err
		}
		c := tx.Bucket(rawReady).Cursor()
		for k, v := c.First(); k != nil && n > 0; k, v = c.Next() {
			q.read = append(q.read[:0], v...)
			if err := b.Put(k, make([]byte, rawHead)); err != nil {
				return err
			}
			n--
		}
		return nil
	})
}

// finish moves the first n jobs to those that are done.
func (q *raw) finish(n int) error {
	return q.db.Update(func(tx *bbolt.Tx) error {
		ready, done := tx.Bucket(rawReady), tx.Bucket(rawDone)
		for range n {
			k, _ := ready.Cursor().First()
			if err := done.Put(k, make([]byte, rawHead)); err != nil {
				return err
			}
			if err := ready.Delete(k); err != nil {
				return err
			}
			q.done++
		}
		return nil
	})
}

func (q *raw) Unfinished(ctx context.Context) (int, error) {
	done, err := q.Completed(ctx)
	return int(q.next) - done, err
}

func (q *raw) Completed(context.Context) (n int, err error) {
	err = q.db.View(func(tx *bbolt.Tx) error {
		n = tx.Bucket(rawDone).Stats().KeyN
		return nil
	})
	return n, err
}

func (q *raw) Close() error {
	close(q.puts)
	<-q.ended
	return q.db.Close()
}
