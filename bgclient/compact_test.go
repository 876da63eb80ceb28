package bgclient_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/bgq-dev/bgq/bgclient"
)

// Calls go on while the file is compacted, and their results are in the new one.
func TestCompactWhileWorking(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	c, err := bgclient.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	double, err := bgclient.Register(c, "double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	compacted := make(chan error, 1)
	go func() {
		done, err := c.Compact(t.Context())
		if err == nil && (done.Before == 0 || done.After == 0) {
			err = errors.New("the sizes are not known")
		}
		compacted <- err
	}()
	var invs []*bgclient.Invocation[int]
	for n := 0; len(compacted) == 0; n++ {
		inv, err := double.Invoke(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		invs = append(invs, inv)
	}
	if err := <-compacted; errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	for n, inv := range invs {
		if v, err := inv.Wait(t.Context()); err != nil || v != 2*n {
			t.Errorf("call %d: %d, %v", n, v, err)
		}
	}
}
