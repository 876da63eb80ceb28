package boltstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// steps is a compaction that a test goes through itself.
type steps struct {
	*compaction
	t testing.TB
}

func begin(t testing.TB, s *Store) *steps {
	t.Helper()
	needsReplace(t)
	s.compacting.Lock()
	c, err := s.newCompaction(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.step = 3 // so that there are many chunks
	return &steps{c, t}
}

func (c *steps) do(step func() error) {
	c.t.Helper()
	if err := step(); err != nil {
		c.t.Fatal(err)
	}
}

func (c *steps) end() {
	c.t.Helper()
	if _, err := c.swap(); err != nil {
		c.t.Fatal(err)
	}
	c.s.compacting.Unlock()
}

// chaos changes random jobs in random ways, and the buckets of an application.
func chaos(t testing.TB, s *Store, r *rand.Rand, n int) {
	t.Helper()
	ctx := context.Background()
	check := func(_ any, err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	for range n {
		switch r.IntN(8) {
		case 0, 1:
			jobs := newTestJobs(1 + r.IntN(8))
			for i := range jobs {
				jobs[i].Kind = string(rune('a' + r.IntN(3)))
				jobs[i].Priority = int16(r.IntN(3))
				jobs[i].Args = make(store.Value, r.IntN(600))
				if r.IntN(3) == 0 {
					jobs[i].Unique, jobs[i].UniqueUntil = fmt.Sprint("key ", r.IntN(1000)), store.UntilDeleted
				}
				if r.IntN(3) == 0 {
					jobs[i].State, jobs[i].RunAt = store.Scheduled, s.Now().Add(time.Duration(r.IntN(1e9)))
				}
			}
			check(s.Enqueue(ctx, jobs))
		case 2, 3:
			var outcomes []store.Outcome
			for _, j := range mustClaim(t, s, r.IntN(8)) {
				o := store.Outcome{Ref: j.Ref(), Move: completeMove, Result: make(store.Value, r.IntN(600))}
				if r.IntN(3) == 0 {
					o.Move.To, o.Result = store.Retryable, nil
					o.Failure = &store.Failure{Message: "failed"}
				}
				if r.IntN(4) > 0 {
					outcomes = append(outcomes, o)
				} else {
					check(s.Extend(ctx, []store.Extension{{Ref: j.Ref(), Checkpoints: []store.Checkpoint{{Name: "p", Value: store.Value{0xc0}}}}}))
				}
			}
			check(s.Finish(ctx, outcomes))
		case 4:
			check(s.Maintain(ctx, store.Budget{
				Limit: 5, Promote: store.Move{From: store.SetOf(store.Scheduled, store.Retryable), To: store.Available},
				Prune: []store.Retention{{State: store.Completed, Before: s.Now()}},
			}))
		case 5:
			check(nil, s.PutQueue(ctx, store.QueueInfo{Name: fmt.Sprint("queue ", r.IntN(20))}))
			_, _, err := s.PutBatch(ctx, store.Batch{Name: fmt.Sprint("batch ", r.IntN(20)), Base: store.NewBatchID()})
			check(nil, err)
		default:
			check(nil, s.Update(ctx, func(tx *bbolt.Tx) error {
				if _, err := s.EnqueueTx(tx, newTestJobs(1)); err != nil {
					return err
				}
				return meddle(tx, r)
			}))
		}
	}
}

// meddle changes something in the buckets of the application: keys become buckets, and
// buckets keys.
func meddle(tx *bbolt.Tx, r *rand.Rand) error {
	b, err := tx.CreateBucketIfNotExists(fmt.Appendf(nil, "app %d", r.IntN(3)))
	for range r.IntN(3) {
		if err != nil {
			return err
		}
		name := fmt.Appendf(nil, "sub %d", r.IntN(3))
		if b.Get(name) != nil {
			return b.Delete(name)
		}
		b, err = b.CreateBucketIfNotExists(name)
	}
	if err != nil {
		return err
	}
	name := fmt.Appendf(nil, "sub %d", r.IntN(3))
	switch r.IntN(5) {
	case 0:
		if b.Bucket(name) != nil {
			return b.DeleteBucket(name)
		}
		return b.Put(name, nil)
	case 1:
		_, err := b.NextSequence()
		return err
	default:
		for range 5 {
			key := fmt.Appendf(nil, "key %d", r.IntN(30))
			if r.IntN(3) == 0 {
				err = b.Delete(key)
			} else {
				err = b.Put(key, make([]byte, r.IntN(300)))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// Whatever is changed between any two steps, the new file says what the old one said.
func TestCompactFollowsChanges(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for run := range uint64(2) {
		r := rand.New(rand.NewPCG(seed, run))
		s := open(t, Options{})
		furnish(t, s)
		chaos(t, s, r, 60)
		c := begin(t, s)
		if run%2 == 0 { // changes fall between chunks too, and the log is worked off early
			c.between = func() { chaos(t, s, r, r.IntN(20)/19) }
			c.maxLog = 4 << 10
		}
		c.do(c.copy)
		chaos(t, s, r, 20)
		c.do(c.compare)
		chaos(t, s, r, 20)
		c.do(c.comeClose)
		c.between = nil
		chaos(t, s, r, 20)
		want := dump(t, s)
		c.end()
		sameDump(t, dump(t, s), want)
		audit(t, s)
		chaos(t, s, r, 20)
	}
}

// What has been copied is followed, up to the last key of it; what is yet to come is not.
func TestCompactFollowsWhatIsCopied(t *testing.T) {
	s := open(t, Options{})
	put := func(name, reason string) {
		t.Helper()
		if err := s.PutQueue(t.Context(), store.QueueInfo{Name: name, Reason: reason}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "b", "c"} {
		put(name, "")
	}
	c := begin(t, s)
	c.do(c.copy)
	c.copied[tableQueue] = extent{upTo: []byte("b")}
	for _, name := range []string{"a", "b", "c"} {
		put(name, "changed")
	}
	c.do(c.settle)
	old, have, err := c.read(bucketPath{rootName, []byte("queue")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if edits := differences(have.items, old.items); len(edits) != 1 || string(edits[0].key()) != "c" {
		t.Errorf("the files differ at %+v, want c", edits)
	}
	c.discard()
	s.compacting.Unlock()
}

// The buckets of an application are followed too: buckets in buckets, their sequences, keys
// that become buckets and buckets that become keys.
func TestCompactBesideAnApplication(t *testing.T) {
	s := open(t, Options{})
	update := func(fn func(*bbolt.Bucket) error) {
		t.Helper()
		err := s.Update(t.Context(), func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("app"))
			if err != nil {
				return err
			}
			return fn(b)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	deep := func(b *bbolt.Bucket) (err error) {
		for i := 0; i < 50 && err == nil; i++ {
			if err = b.Put([]byte("key"), make([]byte, 100)); err == nil {
				b, err = b.CreateBucketIfNotExists([]byte("deeper"))
			}
		}
		return err
	}
	update(func(b *bbolt.Bucket) error {
		for i := range 10 {
			if err := b.Put(fmt.Appendf(nil, "large %d", i), make([]byte, 300_000)); err != nil {
				return err
			}
		}
		_, err := b.CreateBucket([]byte("was bucket"))
		return errors.Join(err, b.Put([]byte("was key"), nil), deep(b))
	})
	c := begin(t, s)
	c.do(c.copy)
	c.do(c.compare)
	update(func(b *bbolt.Bucket) error {
		_, err := b.NextSequence()
		err = errors.Join(err,
			b.DeleteBucket([]byte("was bucket")), b.Put([]byte("was bucket"), []byte("is key")),
			b.Delete([]byte("was key")), b.DeleteBucket([]byte("deeper")), b.Delete([]byte("large 5")))
		if err != nil {
			return err
		}
		is, err := b.CreateBucket([]byte("was key"))
		if err != nil {
			return err
		}
		return errors.Join(is.SetSequence(7), deep(is))
	})
	want := dump(t, s)
	c.end()
	sameDump(t, dump(t, s), want)
}

// What is written past the log is found, and the old file stays.
func TestCompactFindsWhatItWasNotTold(t *testing.T) {
	s := open(t, Options{})
	furnish(t, s)
	c := begin(t, s)
	c.do(c.copy)
	err := s.Update(t.Context(), func(tx *bbolt.Tx) error {
		return tx.Bucket(rootName).Bucket([]byte("queue")).Put([]byte("mine"), []byte("now"))
	})
	if err != nil {
		t.Fatal(err)
	}
	err = c.compare()
	if err == nil || !strings.Contains(err.Error(), "queue/"+fmt.Sprintf("%x", "mine")) {
		t.Errorf("got %v", err)
	}
	c.discard()
	s.compacting.Unlock()
	alone(t, s.abs)
	err = s.Update(t.Context(), func(tx *bbolt.Tx) error {
		return tx.Bucket(rootName).Bucket([]byte("queue")).Delete([]byte("mine"))
	})
	if err != nil {
		t.Fatal(err)
	}
	mustCompact(t, s)
}
