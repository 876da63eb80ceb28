package bgclient_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

func TestRegisterRaw(t *testing.T) {
	core, seen := observer.New(zap.WarnLevel)
	f := newFile(t)
	synctest.Test(t, func(t *testing.T) {
		c := f.open(bgclient.WithLogger(zap.New(core)))
		errOdd := errors.New("odd")
		mirror := func(ctx context.Context, j *store.Job) (store.Value, error) {
			if bgclient.FromContext(ctx) != c || bgclient.Job(ctx) != j {
				t.Error("the context is not that of a handler")
			}
			if len(j.Args) != 1 {
				return nil, errOdd
			}
			return j.Args, nil
		}
		if err := bgclient.RegisterRaw(c, "mirror", mirror, executor.HandlerOptions{Quiet: true}); err != nil {
			t.Fatal(err)
		}
		f.run(c)
		stored, err := c.Queue().Enqueue(t.Context(),
			queue.NewJob{Kind: "mirror", Args: store.Value{7}}, queue.NewJob{Kind: "mirror", Args: store.Value{0xcc, 200}, MaxAttempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		inv, err := bgclient.Attach[int](c, stored[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := inv.Result(); got != 7 || err != nil {
			t.Errorf("%v %v", got, err)
		}
		if inv, err = bgclient.Attach[int](c, stored[1].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := inv.Result(); !errors.Is(err, errOdd) {
			t.Errorf("the failure is %v", err)
		}
		if seen.Len() > 0 {
			t.Errorf("a quiet handler is in the log: %v", seen.All())
		}
		for kind, fn := range map[string]executor.Handler{"": mirror, "func": mirror, "parallelise": mirror, "mirror": mirror, "other": nil} {
			err := bgclient.RegisterRaw(c, kind, fn, executor.HandlerOptions{})
			if err == nil || !strings.Contains(err.Error(), `"`+kind+`"`) {
				t.Errorf("%q: %v", kind, err)
			}
		}
		f.close(c)
	})
}
