package bench

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

// place is where a value is in a file.
type place struct{ bucket, key string }

// content is all that is in a file.
type content map[place]string

// read reads a small file as a whole.
func read(ctx context.Context, u updater) (content, error) {
	c := content{}
	err := inspect(ctx, u, func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error { return c.add(string(name), b) })
	})
	return c, err
}

// add adds what is in a bucket, and in those inside of it.
func (c content) add(name string, b *bbolt.Bucket) error {
	return b.ForEach(func(k, v []byte) error {
		if v == nil {
			return c.add(name+"/"+string(k), b.Bucket(k))
		}
		c[place{name, string(k)}] = string(v)
		return nil
	})
}

// movesFor finds what was done for a job since the content was had. Keys without its id are
// not its own: those of the counters, which the jobs of a commit share.
func (c content) movesFor(id store.ID, had content) moves {
	var m moves
	add := func(at place, gone bool, value string) {
		if before, after, ok := strings.Cut(at.key, string(id[:])); ok {
			m = append(m, move{at.bucket, before, after, gone, len(value)})
		}
	}
	for at, v := range c {
		if old, there := had[at]; !there || old != v {
			add(at, false, v)
		}
	}
	for at := range had {
		if _, there := c[at]; !there {
			add(at, true, "")
		}
	}
	slices.SortFunc(m, func(a, b move) int {
		return cmp.Or(cmp.Compare(a.bucket, b.bucket), cmp.Compare(a.before, b.before), cmp.Compare(a.after, b.after))
	})
	return m
}
