package queue_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// Who asked for changes, and the statistics, are known for as long as the configuration says.
func TestAuditAndStatsAreKept(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name         string
		cfg          queue.Config
		audit, stats time.Duration // how long; 0: for ever
	}{
		{"by default", queue.Config{}, 90 * day, 35 * day},
		{"as said", queue.Config{KeepAudit: 10 * day, KeepStats: 20 * day}, 10 * day, 20 * day},
		{"for ever", queue.Config{KeepAudit: queue.Forever, KeepStats: queue.Forever}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.cfg.KeepDiscarded = queue.Forever
				f := open(t, c.cfg)
				defer f.close()
				start := time.Now()
				ctx := store.WithAudit(t.Context(), store.Audit{Verb: "enqueue"})
				if _, err := f.Enqueue(ctx, queue.NewJob{Kind: "k", Hold: true}); err != nil {
					t.Fatal(err)
				}
				for d := day; d <= 100*day; d += day {
					time.Sleep(time.Until(start.Add(d)))
					for more := true; more; {
						m, err := f.Maintain(t.Context(), 10)
						if err != nil {
							t.Fatal(err)
						}
						more = m.More
					}
					entries, err := f.store.Audit(t.Context(), store.AuditRequest{})
					if want := c.audit == 0 || d <= c.audit; err != nil || (len(entries) == 1) != want {
						t.Fatalf("after %v there are %d entries, %v, want one: %v", d, len(entries), err, want)
					}
					stats, err := f.store.Stats(t.Context(), start.Add(-day), time.Now())
					if want := c.stats == 0 || d < c.stats-day; err != nil || want && len(stats) == 0 {
						t.Fatalf("after %v there are %d statistics, %v, want some", d, len(stats), err)
					}
					if c.stats != 0 && d > c.stats+day && len(stats) > 0 {
						t.Fatalf("after %v there are %d statistics, want none", d, len(stats))
					}
				}
			})
		})
	}
}

func TestRetentionIsChecked(t *testing.T) {
	for name, cfg := range map[string]queue.Config{
		"KeepAudit":     {KeepAudit: -5},
		"KeepStats":     {KeepStats: -time.Hour},
		"KeepDiscarded": {KeepDiscarded: -2},
	} {
		if _, err := queue.New(nil, cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
