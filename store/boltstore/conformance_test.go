package boltstore

import (
	"testing"

	"github.com/bgq-dev/bgq/store"
	"github.com/bgq-dev/bgq/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open: func(t testing.TB, path string) store.Store {
			t.Helper()
			s, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Audit: func(t testing.TB, s store.Store) { audit(t, s.(*Store)) },
	})
}
