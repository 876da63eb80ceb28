package main

import (
	"os"
	"strconv"

	"go.etcd.io/bbolt"
)

// wreckMain zeroes pages of a file: wreck FILE PAGE..., or with "all" every one behind the meta
// pages.
func wreckMain() {
	const size = 4096
	b := must(os.ReadFile(os.Args[1]))
	for _, page := range os.Args[2:] {
		if page == "all" {
			clear(b[2*size:])
		} else {
			clear(b[must(strconv.Atoi(page))*size:][:size])
		}
	}
	if err := os.WriteFile(os.Args[1], b, 0o600); err != nil {
		panic(err)
	}
}

// setFormatMain makes a file one of another format: setformat FILE NUMBER. With 1 it takes away
// what came later.
func setFormatMain() {
	format := byte(must(strconv.Atoi(os.Args[2])))
	db := must(bbolt.Open(os.Args[1], 0o600, nil))
	err := db.Update(func(tx *bbolt.Tx) error {
		root := tx.Bucket([]byte("bgq"))
		if format == 1 {
			for _, name := range []string{"token", "log", "stat", "audit", "trail"} {
				if err := root.DeleteBucket([]byte(name)); err != nil {
					return err
				}
			}
		}
		return root.Bucket([]byte("meta")).Put([]byte("format"), []byte{0, 0, 0, format})
	})
	if err != nil {
		panic(err)
	}
	if err := db.Close(); err != nil {
		panic(err)
	}
}
