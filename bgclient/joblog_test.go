package bgclient_test

import (
	"context"
	"slices"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/bgq-dev/bgq/bgclient"
	"github.com/bgq-dev/bgq/store"
)

func logOf(t *testing.T, c *bgclient.Client, id store.ID) (texts []string) {
	t.Helper()
	lines, err := c.Queue().Store().Logs(t.Context(), id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		texts = append(texts, l.Level+" "+l.Text)
	}
	return texts
}

func TestHandlersWriteTheLogsOfTheirJobs(t *testing.T) {
	f := newFile(t)
	c := f.start() // no logger is needed
	defer f.close(c)
	task := register(t, c, "greet", func(ctx context.Context, name string) (string, error) {
		bgclient.SetProgress(ctx, 1, 2, "half-way")
		bgclient.Logger(ctx).Info("greeting", zap.String("name", name))
		return "hello " + name, nil
	})
	inv, err := task.Invoke(t.Context(), "Ann")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inv.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := logOf(t, c, inv.ID()); !slices.Equal(got, []string{"info greeting name=Ann"}) {
		t.Errorf("of a task: %q", got)
	}
	j, err := c.Queue().Get(t.Context(), inv.ID(), store.HeadOnly)
	if err != nil || j.Progress != (store.Progress{Done: 1, Total: 2, Note: "half-way"}) {
		t.Errorf("%+v %v", j, err)
	}
	fn, err := bgclient.InvokeFunc(t.Context(), c, func(ctx context.Context) (int, error) {
		bgclient.Logger(ctx).Warn("careful")
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fn.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := logOf(t, c, fn.ID()); !slices.Equal(got, []string{"warn careful"}) {
		t.Errorf("of a function: %q", got)
	}
}

func TestItemsOfABatchWriteTheLogsOfTheirJobs(t *testing.T) {
	for _, own := range []bool{false, true} {
		mine, seenByBatch := observer.New(zap.InfoLevel)
		clients, seenByClient := observer.New(zap.InfoLevel)
		f := newFile(t)
		c := f.start(bgclient.WithLogger(zap.New(clients)))
		var options []bgclient.BatchOption
		if own {
			options = append(options, bgclient.BatchLogger(zap.New(mine)))
		}
		_, err := bgclient.Parallelise(t.Context(), c, "b", 3, func(ctx context.Context, i int) (int, error) {
			bgclient.Logger(ctx).Info("item", zap.Int("i", i))
			return i, nil
		}, options...)
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.Queue().Store().Batch(t.Context(), "b")
		if err != nil {
			t.Fatal(err)
		}
		if got := logOf(t, c, b.Base.Member(2)); !slices.Equal(got, []string{"info item i=2"}) {
			t.Errorf("own logger %v: %q", own, got)
		}
		// One of them, and only that one, has heard it too, with the fields of the job.
		heard, other := seenByClient, seenByBatch
		if own {
			heard, other = other, heard
		}
		if n := heard.FilterMessage("item").FilterFieldKey("job").FilterFieldKey("attempt").Len(); n != 3 || other.FilterMessage("item").Len() != 0 {
			t.Errorf("own logger %v: %d lines of 3, and %d elsewhere", own, n, other.FilterMessage("item").Len())
		}
		f.close(c)
	}
}

func TestJobLogCanBeTurnedOff(t *testing.T) {
	if _, err := bgclient.Open(newFile(t).path, bgclient.WithJobLog(nil)); err == nil {
		t.Error("no level is a level")
	}
	f := newFile(t)
	c := f.start(bgclient.WithJobLog(bgclient.NoJobLog))
	defer f.close(c)
	inv, err := bgclient.InvokeFunc(t.Context(), c, func(ctx context.Context) (int, error) {
		bgclient.Logger(ctx).Error("nobody keeps this")
		return 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inv.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := logOf(t, c, inv.ID()); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
