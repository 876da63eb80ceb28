package bgclient

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// TestAgain: a call is repeated when the program has gone, however long that took to show, and when it is busy.
func TestAgain(t *testing.T) {
	for name, c := range map[string]struct {
		slow time.Duration // how long the first try takes
		err  error         // how it ends
	}{
		"gone at once":           {0, io.EOF},
		"gone after a long time": {5 * restart, io.EOF},
		"too busy to accept":     {10 * time.Second, context.DeadlineExceeded}, // of the dialer, not of the caller
		"too many large answers": {10 * time.Second, &wire.Problem{Code: wire.CodeTooMany}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				err := (&Remote{}).again(t.Context(), restart, func() error {
					if tries++; tries > 1 {
						return nil
					}
					time.Sleep(c.slow)
					return c.err
				})
				if err != nil || tries != 2 {
					t.Errorf("after %d tries: %v", tries, err)
				}
			})
		})
	}
}

func TestAgainHasPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, tries := time.Now(), 0
		err := (&Remote{}).again(t.Context(), restart, func() error { tries++; return io.EOF })
		if took := time.Since(began); !errors.Is(err, io.EOF) || tries < 3 || took < restart || took > restart+maxPause {
			t.Errorf("%d tries in %v: %v", tries, took, err)
		}
	})
}

// TestRemoteNotAsked: with a context that has ended nothing is sent, so that nothing is unknown.
func TestRemoteNotAsked(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("changed my mind")
	cancel(why)
	task, err := Declare[int, int](&Remote{}, "k")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := task.Invoke(ctx, 1); !errors.Is(err, why) || errors.Is(err, store.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}
