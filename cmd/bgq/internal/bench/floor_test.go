package bench

import (
	"errors"
	"testing"

	"go.etcd.io/bbolt"
)

// tree is what is in a bucket, and in how many pages.
type tree struct{ keys, bytes, leaves, branches int }

// forest is the trees by the names of their buckets.
type forest map[string]tree

// look reads the trees, except for that of the counters, which the floor does without.
func look(tx *bbolt.Tx) (forest, error) {
	all := forest{}
	root := tx.Bucket([]byte("bgq"))
	err := root.ForEachBucket(func(name []byte) error {
		if string(name) != "count" {
			s := root.Bucket(name).Stats()
			all[string(name)] = tree{s.KeyN, s.LeafInuse, s.LeafPageN, s.BranchPageN}
		}
		return nil
	})
	return all, err
}

// TestSamePuts: after the same commits the trees of both files are the same, page by page. So the
// floor makes the same puts and deletes, in the same buckets, and fills their pages as bgq does.
func TestSamePuts(t *testing.T) {
	const n, group = 3000, 250
	for name, size := range map[string]int{"small arguments": smallArgs, "arguments that stand apart": 5000} {
		t.Run(name, func(t *testing.T) {
			e := open(t, Config{Rounds: 1})
			job := noop("q", size)
			w, err := e.weigh(t.Context(), job)
			if err != nil {
				t.Fatal(err)
			}
			var bgq, same struct{ stored, done forest }
			_, err = within(e.path(), func(j *journal) (take, error) {
				see := func(all *forest) error {
					return inspect(t.Context(), j.store, func(tx *bbolt.Tx) (err error) { *all, err = look(tx); return err })
				}
				err := errors.Join(j.fill(t.Context(), job, n), see(&bgq.stored))
				_, _, ended := j.process(t.Context(), "q", n, group, succeeded)
				return take{}, errors.Join(err, ended, see(&bgq.done))
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = withinMade(e.path(), func(db *bbolt.DB) (take, error) {
				see := func(all *forest) error {
					return db.View(func(tx *bbolt.Tx) (err error) { *all, err = look(tx); return err })
				}
				f := w.floor(db)
				ids, err := f.enqueue.putNew(t.Context(), n, n)
				err = errors.Join(err, see(&same.stored))
				_, _, ended := f.claimAndFinish(t.Context(), ids, group)
				return take{}, errors.Join(err, ended, see(&same.done))
			})
			if err != nil {
				t.Fatal(err)
			}
			if bgq.stored["job"].keys != n || bgq.stored["ready"].keys != n || bgq.done["done"].keys != n || bgq.done["ready"].keys != 0 {
				t.Fatalf("bgq has stored %+v, and then %+v", bgq.stored, bgq.done)
			}
			compare(t, "stored", bgq.stored, same.stored)
			compare(t, "done", bgq.done, same.done)
		})
	}
}

func compare(t *testing.T, when string, bgq, same forest) {
	t.Helper()
	if len(bgq) != len(same) {
		t.Errorf("%s: %d buckets of bgq, %d beside it", when, len(bgq), len(same))
	}
	for name, want := range bgq {
		if got := same[name]; got != want {
			t.Errorf("%s: %s is %+v, that of bgq is %+v", when, name, got, want)
		}
	}
}
