package admin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

var statsRoutes = []route{
	{pattern: "GET /v1/stats", handle: (*Server).stats},
	{pattern: "GET /v1/errors", handle: (*Server).errorGroups},
}

const (
	maxWindow  = 35 * 24 * time.Hour
	maxBuckets = 2000
)

// stats sums up what happened within a window of time.
func (s *Server) stats(w http.ResponseWriter, r *http.Request) error {
	q := queryOf(r)
	window := q.duration("window", time.Hour, time.Minute, maxWindow)
	by := q.oneOf("by", "kind", "queue")
	step := q.duration("step", 0, 0, maxWindow)
	if err := q.end(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), scanTime, wire.NewProblem(wire.CodeTimeout,
		"ask for a shorter window", "the statistics of %v could not be read within %v", window, scanTime))
	defer cancel()
	v, err := s.statsOf(ctx, window, by, step)
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	return writeJSON(w, http.StatusOK, v)
}

// statsOf sums up what happened within a window of time up to now.
func (s *Server) statsOf(ctx context.Context, window time.Duration, by string, step time.Duration) (*wire.Stats, error) {
	now := s.cfg.Queue.Store().Now()
	grain := time.Minute
	if step > 0 {
		grain = roundUp(max(step, window/(maxBuckets-1)), time.Minute)
	}
	for {
		sum := newSummary(now, window, grain, by, step > 0)
		err := s.eachStats(ctx, sum.from, now, sum.add)
		if c, ok := errors.AsType[coarseError](err); ok && time.Duration(c) > grain {
			grain = roundUp(grain, time.Duration(c)) // what is that long ago is not known in more detail
			continue
		}
		return sum.view(), err
	}
}

func roundUp(d, unit time.Duration) time.Duration { return (d + unit - 1) / unit * unit }

// eachStats calls a function for what the store knows of a time, oldest first, hour by hour: all of it at
// once can be much.
func (s *Server) eachStats(ctx context.Context, from, to time.Time, fn func(*store.Stats) error) error {
	for from.Before(to) {
		next := from.Truncate(time.Hour).Add(time.Hour)
		if next.After(to) {
			next = to
		}
		rows, err := s.cfg.Queue.Store().Stats(ctx, from, next)
		if err != nil {
			return err
		}
		for i := range rows {
			if err := fn(&rows[i]); err != nil {
				return err
			}
		}
		from = next
	}
	return nil
}

// coarseError says that there are spans of such a length.
type coarseError time.Duration

func (coarseError) Error() string { return "the statistics are coarser" }

// summary adds statistics up.
type summary struct {
	from, to time.Time
	grain    time.Duration // from is a multiple of it, and so are the buckets
	by       string
	total    store.Stats
	groups   map[string]*store.Stats
	buckets  []store.Stats // nil: no series
}

func newSummary(now time.Time, window, grain time.Duration, by string, series bool) *summary {
	sum := &summary{from: now.Add(-window).Truncate(grain), to: now, grain: grain, by: by, groups: map[string]*store.Stats{}}
	if series {
		sum.buckets = make([]store.Stats, now.Sub(sum.from)/grain+1)
	}
	return sum
}

func (sum *summary) add(s *store.Stats) error {
	if s.Span > sum.grain {
		return coarseError(s.Span)
	}
	if s.At.Before(sum.from) || s.At.After(sum.to) {
		return nil
	}
	sum.total.Add(s)
	if sum.by != "" {
		name := s.Queue
		if sum.by == "kind" {
			name = s.Kind
		}
		g := sum.groups[name]
		if g == nil {
			g = &store.Stats{}
			sum.groups[name] = g
		}
		g.Add(s)
	}
	if sum.buckets != nil {
		sum.buckets[s.At.Sub(sum.from)/sum.grain].Add(s)
	}
	return nil
}

func (sum *summary) view() *wire.Stats {
	v := &wire.Stats{From: sum.from, To: sum.to, Total: flow(&sum.total), Groups: []wire.StatsGroup{}, Series: make([]wire.StatsBucket, len(sum.buckets))}
	for name, s := range sum.groups {
		g := wire.StatsGroup{Flow: flow(s)}
		if sum.by == "kind" {
			g.Kind = name
		} else {
			g.Queue = name
		}
		v.Groups = append(v.Groups, g)
	}
	slices.SortFunc(v.Groups, func(a, b wire.StatsGroup) int {
		return cmp.Or(cmp.Compare(b.Started, a.Started), cmp.Compare(b.Enqueued, a.Enqueued), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Queue, b.Queue))
	})
	for i := range sum.buckets {
		v.Series[i] = wire.StatsBucket{
			At: sum.from.Add(time.Duration(i) * sum.grain), SpanMS: sum.grain.Milliseconds(), Flow: flow(&sum.buckets[i]),
		}
	}
	return v
}

// flow shows statistics.
func flow(s *store.Stats) wire.Flow {
	ms := func(spread *store.Spread, p float64) float64 {
		return float64(spread.Quantile(p).Microseconds()) / 1000
	}
	return wire.Flow{
		Enqueued: s.Enqueued, Started: s.Started, Completed: s.Completed, Failed: s.Failed, Discarded: s.Discarded, Cancelled: s.Cancelled,
		WaitP50MS: ms(&s.Wait, 0.50), WaitP95MS: ms(&s.Wait, 0.95), WaitP99MS: ms(&s.Wait, 0.99),
		RunP50MS: ms(&s.Run, 0.50), RunP95MS: ms(&s.Run, 0.95), RunP99MS: ms(&s.Run, 0.99),
	}
}
