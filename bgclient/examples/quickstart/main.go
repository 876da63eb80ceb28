package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"

	"github.com/bgq-dev/bgq/bgclient"
)

type Resize struct {
	Image string `json:"image"`
	Width int    `json:"width"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	c, err := bgclient.Open("app.db")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(context.Background())

	// The name "resize" is what a stored job finds its function by after a restart.
	resize, err := bgclient.Register(c, "resize", func(ctx context.Context, a Resize) (string, error) {
		return fmt.Sprintf("%s at %d px", strings.ToUpper(a.Image), a.Width), nil
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Start(ctx); err != nil {
		log.Fatal(err)
	}

	inv, err := resize.Invoke(ctx, Resize{"cat.jpg", 200}) // on disk when this returns
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("job", inv.ID())
	thumb, err := inv.Wait(ctx)
	if failed, ok := errors.AsType[*bgclient.BgException](err); ok {
		log.Fatalf("%+v", failed) // message, cause chain, stack
	}
	fmt.Println(thumb)

	// Kill the program in the middle and start it again: it goes on where it was.
	squares, err := bgclient.Parallelise(ctx, c, "squares", 100, func(ctx context.Context, i int) (int, error) {
		return i * i, nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("squares:", len(squares), "of 100, the last is", squares[99])
}
