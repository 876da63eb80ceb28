package bgclient_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/bgq-dev/bgq/bgclient"
)

// Another program on the machine calls a function of the one that has the file open.
func ExampleDial() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "bgq")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "app.db")

	// The program that works:
	c, err := bgclient.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := bgclient.Register(c, "double", func(_ context.Context, n int) (int, error) { return 2 * n, nil }); err != nil {
		log.Fatal(err)
	}
	if err := c.Start(ctx); err != nil {
		log.Fatal(err)
	}

	// The one that asks:
	r, err := bgclient.Dial(ctx, path)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	double, err := bgclient.Declare[int, int](r, "double")
	if err != nil {
		log.Fatal(err)
	}
	inv, err := double.Invoke(ctx, 21)
	if err != nil {
		log.Fatal(err)
	}
	n, err := inv.Wait(ctx)
	fmt.Println(n, err)
	// Output: 42 <nil>
}
