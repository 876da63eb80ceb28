package migrations

import "go.etcd.io/bbolt"

// initial makes the buckets of format 1. What is in them is described in the
// package comment of store/boltstore.
func initial(tx *bbolt.Tx) error {
	root, err := tx.CreateBucket([]byte("bgq"))
	if err != nil {
		return err
	}
	for _, name := range []string{
		"meta",
		"job", "args", "result", "failure", "point",
		"ready", "alone", "due", "run", "held", "done",
		"unique", "count",
		"queue", "batch", "base", "schedule",
	} {
		if _, err := root.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	return nil
}
