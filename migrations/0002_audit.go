package migrations

import "go.etcd.io/bbolt"

// audit makes the buckets of format 2: idempotency keys, the logs of jobs, statistics, and who
// asked for which change. Records of format 1 stay as they are.
func audit(tx *bbolt.Tx) error {
	root := tx.Bucket([]byte("bgq"))
	for _, name := range []string{"token", "log", "stat", "audit", "trail"} {
		if _, err := root.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	return nil
}
