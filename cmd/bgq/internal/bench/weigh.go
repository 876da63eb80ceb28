package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// weight is how many bytes bgq puts into its file for a job, keys and values, apart
// from the counters, which the jobs of a commit share.
type weight struct{ enqueue, claim, finish int }

// noop returns a job that does nothing, with arguments of size bytes.
func noop(queueName string, size int) queue.NewJob {
	return queue.NewJob{Queue: queueName, Kind: kind, Args: args(size)}
}

// weigh finds the weight of a job. It stores one like it, claims and finishes it, and
// each time compares what is in the file with what was there before.
func (e *Env) weigh(ctx context.Context, job queue.NewJob) (weight, error) {
	path := e.path()
	defer os.Remove(path)
	var w weight
	_, err := within(path, func(j *journal) (take, error) {
		stored, err := j.queue.Enqueue(ctx, job)
		if err != nil {
			return take{}, err
		}
		id := stored[0].ID
		had := content{}
		put := func() (n int) {
			if err != nil {
				return 0
			}
			var has content
			has, err = read(ctx, j.store)
			n = has.putFor(id, had)
			had = has
			return n
		}
		w.enqueue = put()
		claimed, err := j.queue.Claim(ctx, queue.ClaimRequest{Want: []store.Want{{Queue: job.Queue, N: 1}}})
		if err != nil || len(claimed.Jobs) != 1 {
			return take{}, errors.Join(err, fmt.Errorf("claimed %d jobs", len(claimed.Jobs)))
		}
		w.claim = put()
		attempt := succeeded
		attempt.Job = &claimed.Jobs[0]
		if _, err := j.queue.Finish(ctx, attempt); err != nil {
			return take{}, err
		}
		w.finish = put()
		return take{}, err
	})
	if err != nil {
		return w, fmt.Errorf("finding out how many bytes a job has: %w", err)
	}
	return w, nil
}

// content is all that is in a file: values by their bucket and key.
type content map[string]string

// putFor is the number of bytes that were put for a job since the content was had.
func (c content) putFor(id store.ID, had content) (n int) {
	for at, v := range c {
		bucket, key, _ := strings.Cut(at, "\x00")
		if old, there := had[at]; strings.Contains(key, string(id[:])) && (!there || old != v) {
			n += len(at) - len(bucket) - 1 + len(v)
		}
	}
	return n
}

// read reads a small file as a whole.
func read(ctx context.Context, u updater) (content, error) {
	c := content{}
	err := inspect(ctx, u, func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error { return c.add(string(name), b) })
	})
	return c, err
}

func (c content) add(name string, b *bbolt.Bucket) error {
	return b.ForEach(func(k, v []byte) error {
		if v == nil {
			return c.add(name+"/"+string(k), b.Bucket(k))
		}
		c[name+"\x00"+string(k)] = string(v)
		return nil
	})
}

// args returns arguments of about size bytes: a msgpack value of type bin, that no disk can
// make smaller.
func args(size int) store.Value {
	const header = 5
	n := max(0, size-header)
	return append(store.Value{0xc6, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, noise(n)...)
}
