package executor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/bgq-dev/bgq/executor"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// lines reads the log of a job.
func (f *fixture) lines(id store.ID) []store.LogLine {
	f.t.Helper()
	var all []store.LogLine
	for {
		page, err := f.store.Logs(context.Background(), id, int64(len(all)), 0)
		if err != nil {
			f.t.Fatal(err)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
	}
}

// texts reads the log of a job, as "attempt level text".
func (f *fixture) texts(id store.ID) (texts []string) {
	f.t.Helper()
	for _, l := range f.lines(id) {
		texts = append(texts, fmt.Sprint(l.Attempt, " ", l.Level, " ", l.Text))
	}
	return texts
}

func (f *fixture) logged(id store.ID, want ...string) {
	f.t.Helper()
	if got := f.texts(id); !slices.Equal(got, want) {
		f.t.Errorf("the log is\n%s\nand not\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLinesGoWithTheOutcome(t *testing.T) {
	core, seen := observer.New(zap.WarnLevel)
	log := zap.New(core)
	for name, cfg := range map[string]executor.Config{"with a logger": {Logger: log}, "without": {}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, cfg, func(t *testing.T, f *fixture) {
				counting := &between{Store: f.store}
				f.over(counting, cfg)
				f.handle("k", func(ctx context.Context, j *store.Job) (store.Value, error) {
					log := executor.Logger(ctx)
					log.Debug("not this")
					log.Info("begun")
					log.Warn("hm", zap.Int("n", 7))
					if j.Attempt == 1 {
						return nil, executor.RetryAfter(errors.New("again"), time.Minute)
					}
					log.Error("done")
					return null, nil
				})
				f.serve("default", 1)
				f.start()
				id := f.enqueue(queue.NewJob{Kind: "k"})[0]
				synctest.Wait()
				f.logged(id, "1 info begun", "1 warn hm n=7")
				f.await(id)
				f.logged(id, "1 info begun", "1 warn hm n=7", "2 info begun", "2 warn hm n=7", "2 error done")
				for i, l := range f.lines(id) {
					if at := l.At.Sub(f.get(id).CreatedAt); l.Seq != int64(i+1) || l.Attempt == 1 && at != 0 || l.Attempt == 2 && at != time.Minute {
						t.Errorf("%+v", l)
					}
				}
				if n := counting.extends.Load(); n != 0 {
					t.Errorf("%d commits for the log alone", n)
				}
				f.stop()
			})
		})
	}
	if hms := seen.FilterMessage("hm").FilterFieldKey("job").FilterFieldKey("attempt"); hms.Len() != 2 {
		t.Errorf("the program's logger got %+v", seen.All())
	}
}

func TestLinesCanBeReadWhileTheJobRuns(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		counting := &between{Store: f.store}
		f.over(counting, executor.Config{})
		f.handle("k", func(ctx context.Context, j *store.Job) (store.Value, error) {
			for i := range 50 {
				executor.Logger(ctx).Info("step", zap.Int("i", i))
				time.Sleep(100 * time.Millisecond)
			}
			time.Sleep(time.Hour)
			executor.Logger(ctx).Info("end")
			return null, nil
		})
		f.serve("default", 2)
		ids := f.enqueue(jobs(2, "k")...)
		f.start()
		time.Sleep(1050 * time.Millisecond)
		for _, id := range ids {
			if n := len(f.lines(id)); n != 11 && n != 10 {
				t.Errorf("%d lines after a second", n)
			}
		}
		time.Sleep(5 * time.Second)
		for _, id := range ids {
			if n := len(f.lines(id)); n != 50 {
				t.Errorf("%d lines after all were written", n)
			}
		}
		f.await(ids...)
		for _, id := range ids {
			got := f.texts(id)
			for i := range 50 {
				if want := fmt.Sprint("1 info step i=", i); got[i] != want {
					t.Errorf("line %d is %q", i, got[i])
				}
			}
			if len(got) != 51 || got[50] != "1 info end" {
				t.Errorf("%d lines, the last is %q", len(got), got[len(got)-1])
			}
		}
		if n := counting.extends.Load(); n > 6 {
			t.Errorf("%d commits for 5 s of logs", n)
		}
		f.stop()
	})
}

func TestLogOfAnAttemptIsBounded(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		const n = 20_000
		f.handle("many", func(ctx context.Context, j *store.Job) (store.Value, error) {
			log := executor.Logger(ctx)
			for i := range n {
				log.Info(fmt.Sprintf("line %d %s", i, strings.Repeat("x", 80)))
				if i == n/2 {
					time.Sleep(time.Minute)
				}
			}
			return null, nil
		})
		f.handle("long", func(ctx context.Context, j *store.Job) (store.Value, error) {
			for range 10 {
				executor.Logger(ctx).Info(strings.Repeat("ü", 1<<20))
			}
			return null, nil
		})
		f.serve("default", 2)
		f.start()
		many := f.enqueue(queue.NewJob{Kind: "many"})[0]
		long := f.enqueue(queue.NewJob{Kind: "long"})[0]
		f.await(many, long)
		lines := f.lines(many)
		size, left := 0, 0
		for i, l := range lines {
			size += len(l.Text)
			if _, err := fmt.Sscanf(l.Text, "… %d lines left out", &left); err == nil {
				if l.Level != "warn" || i == 0 || !strings.HasPrefix(lines[i-1].Text, fmt.Sprintf("line %d ", i-1)) ||
					!strings.HasPrefix(lines[i+1].Text, fmt.Sprintf("line %d ", i+left)) {
					t.Errorf("%q stands between %.20q and %.20q", l.Text, lines[i-1].Text, lines[i+1].Text)
				}
			}
		}
		if len(lines)-1+left != n || size > 80<<10 || size < 50<<10 {
			t.Errorf("%d lines of %d bytes, %d left out", len(lines), size, left)
		}
		if !strings.HasPrefix(lines[len(lines)-1].Text, fmt.Sprintf("line %d ", n-1)) {
			t.Errorf("the last line is %.20q", lines[len(lines)-1].Text)
		}
		lines = f.lines(long)
		if len(lines) != 5 { // three, what is missing, and the last
			t.Errorf("%d lines", len(lines))
		}
		for _, l := range lines {
			if len(l.Text) > store.MaxLogText || !utf8.ValidString(l.Text) {
				t.Errorf("a line has %d bytes", len(l.Text))
			}
		}
		if !strings.HasSuffix(lines[4].Text, "ü… (cut, 2097152 bytes in all)") {
			t.Errorf("%q", lines[4].Text[len(lines[4].Text)-60:])
		}
		f.stop()
	})
}

func TestJobLogHasALevel(t *testing.T) {
	level := zap.NewAtomicLevelAt(zap.WarnLevel)
	for _, c := range []struct {
		level zapcore.LevelEnabler
		want  []string
	}{
		{nil, []string{"1 info b", "1 warn c"}},
		{zap.DebugLevel, []string{"1 debug a", "1 info b", "1 warn c"}},
		{level, []string{"1 warn c"}},
		{executor.NoJobLog, nil},
	} {
		bubble(t, executor.Config{JobLog: c.level}, func(t *testing.T, f *fixture) {
			f.handle("k", func(ctx context.Context, _ *store.Job) (store.Value, error) {
				log := executor.Logger(ctx)
				log.Debug("a")
				log.Info("b")
				log.Warn("c")
				return null, nil
			})
			f.serve("default", 1)
			f.start()
			id := f.enqueue(queue.NewJob{Kind: "k"})[0]
			f.await(id)
			f.logged(id, c.want...)
			f.stop()
		})
	}
}

// TestLinesSurviveHoweverItEnds: panics, shutdowns, deaf handlers.
func TestLinesSurviveHoweverItEnds(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		say := func(ctx context.Context, what string) { executor.Logger(ctx).Info(what) }
		f.handle("panic", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			executor.Logger(ctx).Panic("oh")
			return null, nil
		})
		f.handle("stopped", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			<-ctx.Done()
			say(ctx, "interrupted")
			return nil, ctx.Err()
		})
		deaf := make(chan struct{})
		f.handle("deaf", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			say(ctx, "begun")
			<-deaf
			say(ctx, "too late")
			return null, nil
		})
		f.handle("mute", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			<-deaf
			say(ctx, "too late")
			executor.Progress(ctx, 1, 1, "too late")
			return null, nil
		})
		f.handle("left behind", func(ctx context.Context, _ *store.Job) (store.Value, error) {
			go func() {
				<-deaf
				say(ctx, "too late")
			}()
			return null, nil
		})
		f.serve("default", 10)
		f.start()
		kinds := []string{"panic", "deaf", "mute", "left behind", "stopped"}
		ids := map[string]store.ID{}
		for _, k := range kinds {
			ids[k] = f.enqueue(queue.NewJob{Kind: k, MaxAttempts: 1, Timeout: time.Minute})[0]
		}
		synctest.Wait()
		f.logged(ids["panic"], "1 error oh")
		var abandoned *executor.AbandonedError
		if err := f.Stop(context.Background()); !errors.As(err, &abandoned) || len(abandoned.Jobs) != 2 {
			t.Errorf("two handlers are deaf: %v", err)
		}
		close(deaf)
		synctest.Wait()
		f.logged(ids["stopped"], "1 info interrupted")
		f.logged(ids["deaf"], "1 info begun")
		f.logged(ids["mute"])
		f.logged(ids["left behind"])
	})
}

// TestLinesAreKeptForLater: what could not be stored comes later, once and in order, while
// the job runs or with its end.
func TestLinesAreKeptForLater(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		var full atomic.Bool // there is no room for logs
		disk := &between{Store: f.store}
		disk.extend = func() error {
			if full.Load() {
				return fmt.Errorf("no space: %w", store.ErrNotStored)
			}
			return nil
		}
		f.over(disk, executor.Config{})
		f.handle("k", func(ctx context.Context, j *store.Job) (store.Value, error) {
			for i := range 10 {
				executor.Logger(ctx).Info(fmt.Sprint(i))
				executor.Progress(ctx, int64(i), 10, "")
				time.Sleep(time.Second + time.Millisecond)
			}
			return null, nil
		})
		f.serve("default", 1)
		full.Store(true)
		id := f.enqueue(queue.NewJob{Kind: "k"})[0]
		f.start()
		time.Sleep(5 * time.Second)
		if n := len(f.lines(id)); n != 0 {
			t.Errorf("%d lines on a full disk", n)
		}
		full.Store(false)
		time.Sleep(2 * time.Second)
		if n := len(f.lines(id)); n < 5 || f.get(id).Progress.Done < 4 {
			t.Errorf("%d lines when there is room again, progress %+v", n, f.get(id).Progress)
		}
		full.Store(true)
		f.await(id)
		var want []string
		for i := range 10 {
			want = append(want, fmt.Sprint("1 info ", i))
		}
		f.logged(id, want...)
		f.stop()
	})
}

// TestLinesOfAJobThatEndsMeanwhile: it ends while the store is about to refuse them.
func TestLinesOfAJobThatEndsMeanwhile(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		disk := &between{Store: f.store}
		disk.extend = func() error {
			if disk.extends.Load() > 1 {
				return nil
			}
			time.Sleep(time.Minute)
			return fmt.Errorf("no space: %w", store.ErrNotStored)
		}
		f.over(disk, executor.Config{})
		f.handle("k", func(ctx context.Context, j *store.Job) (store.Value, error) {
			executor.Logger(ctx).Info("first")
			executor.Progress(ctx, 1, 2, "")
			time.Sleep(10 * time.Second)
			executor.Logger(ctx).Info("last")
			return null, nil
		})
		f.serve("default", 1)
		f.start()
		id := f.enqueue(queue.NewJob{Kind: "k"})[0]
		f.await(id)
		f.logged(id, "1 info first", "1 info last")
		if p := f.get(id).Progress; p.Done != 1 {
			t.Errorf("%+v", p)
		}
		f.stop()
	})
}

// TestOutcomeGoesBeforeItsLog: what is wrong with lines must not cost the result.
func TestOutcomeGoesBeforeItsLog(t *testing.T) {
	bubble(t, executor.Config{}, func(t *testing.T, f *fixture) {
		picky := &between{Store: f.store, finish: func(outcomes []store.Outcome) error {
			for i := range outcomes {
				if len(outcomes[i].Lines) > 0 {
					return fmt.Errorf("the log: %w", store.ErrTooLarge)
				}
			}
			return nil
		}}
		f.over(picky, executor.Config{})
		f.handle("k", func(ctx context.Context, j *store.Job) (store.Value, error) {
			executor.Logger(ctx).Info("bad")
			return null, nil
		})
		f.serve("default", 2)
		f.start()
		for _, id := range f.enqueue(jobs(3, "k")...) {
			f.await(id)
			f.state(id, store.Completed)
			f.logged(id)
		}
		f.stop()
	})
}

// TestLoggingFromManyGoroutines is for the race detector: handlers end while others log for them.
func TestLoggingFromManyGoroutines(t *testing.T) {
	f := newFixture(t, executor.Config{})
	defer f.close()
	var all sync.WaitGroup
	f.handle("k", func(ctx context.Context, _ *store.Job) (store.Value, error) {
		log := executor.Logger(ctx)
		for range 4 {
			all.Go(func() {
				for i := range 50 {
					log.Info("line", zap.Int("i", i))
					executor.Progress(ctx, int64(i), 50, "")
				}
			})
		}
		log.Info("main")
		return null, nil
	})
	f.serve("default", 4)
	f.start()
	ids := f.enqueue(jobs(100, "k")...)
	f.await(ids...)
	all.Wait()
	f.stop()
	for _, id := range ids {
		if got := f.texts(id); !slices.Contains(got, "1 info main") {
			t.Errorf("%q", got)
		}
	}
}
