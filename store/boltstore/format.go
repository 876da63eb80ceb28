package boltstore

import "go.etcd.io/bbolt"

// Format returns the version of the format of a file, also of one that is too old or too new
// for [Open]; 0: it is a bbolt file without a queue. It holds the lock of the file for as long
// as the file has to be checked. The errors are those of Open.
func Format(path string, o Options) (format int, err error) {
	s, err := newSource(path, o)
	if err != nil {
		return 0, err
	}
	db, _, _, err := s.openFile()
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = guard(func() error {
		return db.View(func(tx *bbolt.Tx) (err error) {
			format, err = formatOf(tx)
			return err
		})
	})
	return format, s.explain(err)
}
