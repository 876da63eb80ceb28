package admin

import (
	"context"
	"testing"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// work has n jobs of a kind enqueued, wait for a while, and run for another.
func (f *fixture) work(n int, kind string, wait, run time.Duration) {
	f.t.Helper()
	f.enqueue(n, queue.NewJob{Kind: kind, Queue: kind})
	time.Sleep(wait)
	f.attempt(n, kind, func(*store.Job) queue.Attempt {
		time.Sleep(run / time.Duration(n))
		return queue.Attempt{Verdict: queue.Succeeded, Result: store.Value{0xc0}}
	})
}

func TestStats(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		start := time.Now().UTC()
		f.work(4, "a", 20*time.Second, 0)
		time.Sleep(5 * time.Minute)
		f.work(1, "b", 0, 10*time.Second)
		f.enqueue(1, queue.NewJob{Kind: "b", Queue: "b", MaxAttempts: 1})
		f.attempt(1, "b", failing("x"))
		time.Sleep(time.Minute)

		v, err := f.c.Stats(t.Context(), 10*time.Minute, "kind", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if total := v.Total; total.Enqueued != 6 || total.Started != 6 || total.Completed != 5 || total.Discarded != 1 || total.Failed != 0 {
			t.Errorf("%+v", total)
		}
		if len(v.Groups) != 2 || v.Groups[0].Kind != "a" || v.Groups[0].Completed != 4 || v.Groups[1].Kind != "b" || v.Groups[1].Discarded != 1 || v.Groups[0].Queue != "" {
			t.Errorf("%+v", v.Groups)
		}
		if p := v.Groups[0].WaitP50MS; p < 16_000 || p > 25_000 {
			t.Errorf("they waited %v ms", p)
		}
		if p := v.Groups[1].RunP99MS; p < 8_000 || p > 13_000 {
			t.Errorf("they ran %v ms", p)
		}
		// The series has a bucket for every minute, whether anything happened or not.
		if len(v.Series) != 11 || !v.Series[0].At.Equal(v.From) || v.To.Sub(v.From) < 10*time.Minute {
			t.Fatalf("%d buckets from %v to %v: %+v", len(v.Series), v.From, v.To, v.Series)
		}
		var sum wire.Flow
		for i, b := range v.Series {
			if b.SpanMS != 60_000 || !b.At.Equal(v.From.Add(time.Duration(i)*time.Minute)) || b.At.Second() != 0 {
				t.Errorf("%+v", b)
			}
			if minute := b.At.Sub(start) / time.Minute; (b.Started > 0) != (minute == 0 || minute == 5) {
				t.Errorf("minute %d: %+v", minute, b)
			}
			sum.Completed += b.Completed
			sum.Discarded += b.Discarded
		}
		if sum.Completed != 5 || sum.Discarded != 1 {
			t.Errorf("the buckets have %+v", sum)
		}

		byQueue, err := f.c.Stats(t.Context(), time.Minute, "queue", 0)
		if err != nil || len(byQueue.Groups) != 1 || byQueue.Groups[0].Queue != "b" || byQueue.Series == nil || len(byQueue.Series) != 0 {
			t.Errorf("%+v %v", byQueue, err)
		}
	})
}

// TestStatsOfLongAgo: hours cannot be divided, and nothing is counted twice at their borders.
func TestStatsOfLongAgo(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		time.Sleep(30 * time.Minute)
		for range 60 {
			f.work(2, "a", 0, 0)
			time.Sleep(time.Hour)
			if _, err := f.q.Maintain(context.Background(), 1000); err != nil {
				t.Fatal(err)
			}
		}
		v, err := f.c.Stats(t.Context(), 50*time.Hour, "", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if v.Total.Started != 2*50 || len(v.Series) != 51 || v.Series[0].SpanMS != time.Hour.Milliseconds() {
			t.Errorf("%d in %d buckets: %+v", v.Total.Started, len(v.Series), v.Series[0])
		}
		recent, err := f.c.Stats(t.Context(), 20*time.Hour, "", time.Minute)
		if err != nil || recent.Total.Started != 2*20 || len(recent.Series) != 20*60+1 {
			t.Errorf("%d in %d buckets, %v", recent.Total.Started, len(recent.Series), err)
		}
	})
}

func TestStatsAreClamped(t *testing.T) {
	bubble(t, false, func(t *testing.T, f *fixture) {
		for _, c := range []struct {
			window, step time.Duration
			from         time.Duration // before now, at least
			buckets      int
		}{
			{0, 0, time.Minute, 0}, {-time.Hour, time.Nanosecond, time.Minute, 2},
			{1000 * time.Hour, time.Minute, maxWindow, 1940}, {1 << 62, 1 << 62, maxWindow, 2},
		} {
			v, err := f.c.Stats(t.Context(), c.window, "", c.step)
			if err != nil || v.To.Sub(v.From) < c.from || len(v.Series) != c.buckets || len(v.Series) > maxBuckets {
				t.Errorf("%v %v: %v in %d buckets, %v", c.window, c.step, v.To.Sub(v.From), len(v.Series), err)
			}
		}
		_, err := f.c.Stats(t.Context(), time.Hour, "colour", 0)
		problem(t, err, wire.CodeBadRequest)
	})
}
