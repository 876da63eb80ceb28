package admin

import (
	"context"
	"math"
	"net/http"
	"reflect"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

const (
	sampled = 5    // jobs that a selection shows whole
	scanned = 1000 // jobs that are asked for at once, to count them
)

// selection tells what an operation would do.
func (s *Server) selection(w http.ResponseWriter, r *http.Request) error {
	q := queryOf(r)
	verb, text := q.text("action"), q.text("q")
	limit := q.number("limit", 0, 0, math.MaxInt64)
	if err := q.end(); err != nil {
		return err
	}
	a, err := actionNamed(verb)
	if err != nil {
		return err
	}
	f, err := a.aim(text)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), scanTime)
	defer cancel()
	found, err := s.choose(ctx, a, f, limit)
	partial := ctx.Err() != nil && r.Context().Err() == nil
	if err != nil && !partial {
		return err
	}
	release, err := s.reserve(r.Context())
	if err != nil {
		return err
	}
	defer release()
	sample, err := s.cfg.Queue.Store().Get(r.Context(), found.first, wire.ViewParts)
	if err != nil {
		return err
	}
	v := &wire.Selection{
		Action: verb, Filter: canonical(f), Count: found.count, Partial: partial,
		ByState: found.byState, ByKind: found.byKind, ByQueue: found.byQueue,
		Sample: make([]*wire.Job, len(sample)), IDs: found.ids,
	}
	for i := range sample {
		v.Sample[i] = wire.ViewJob(&sample[i])
	}
	return writeJSON(w, http.StatusOK, v)
}

// chosen is what an action on a filter would touch.
type chosen struct {
	count                    int64
	byState, byKind, byQueue map[string]int64
	first                    []store.ID // of the jobs, up to sampled
	ids                      []store.ID // of all of them, unless they are too many or not all were seen
}

func newChosen() *chosen {
	return &chosen{byState: map[string]int64{}, byKind: map[string]int64{}, byQueue: map[string]int64{}}
}

func (c *chosen) add(state store.State, kind, queue string, n int64) {
	c.count += n
	c.byState[state.String()] += n
	c.byKind[kind] += n
	c.byQueue[queue] += n
}

// choose finds out what an action on a filter would touch, in the order in which an operation would; limit 0 is
// no limit. What it has found beside an error is true so far, but for the ids.
func (s *Server) choose(ctx context.Context, a *action, f store.Filter, limit int64) (*chosen, error) {
	found := newChosen()
	if limit <= 0 {
		limit = math.MaxInt64
	}
	if counted(f) {
		rows, err := s.cfg.Queue.Count(ctx, f)
		if err != nil {
			return found, err
		}
		if total := queue.Total(rows); total > maxSelected && total <= limit {
			for _, r := range rows {
				found.add(r.State, r.Kind, r.Queue, r.N)
			}
			few := newChosen()
			err := few.walk(ctx, a.walk(s.cfg.Queue.Store(), f), sampled)
			found.first = few.first
			return found, err
		}
	}
	return found, found.walk(ctx, a.walk(s.cfg.Queue.Store(), f), limit)
}

// walk goes through up to limit jobs.
func (c *chosen) walk(ctx context.Context, w *walk, limit int64) error {
	for c.count < limit {
		jobs, err := w.next(ctx, int(min(scanned, limit-c.count)))
		if err != nil {
			c.ids = nil
			return err
		}
		if len(jobs) == 0 {
			return nil
		}
		for i := range jobs {
			j := &jobs[i]
			c.add(j.State, j.Kind, j.Queue, 1)
			if len(c.first) < sampled {
				c.first = append(c.first, j.ID)
			}
			if c.count <= maxSelected {
				c.ids = append(c.ids, j.ID)
			} else {
				c.ids = nil
			}
		}
	}
	return nil
}

// counted tells whether a filter asks for nothing but what the store has counters for, so that
// counting the jobs costs nothing.
func counted(f store.Filter) bool {
	for _, n := range f.Not {
		if !counted(n) {
			return false
		}
	}
	return reflect.DeepEqual(f, store.Filter{States: f.States, Queues: f.Queues, Kinds: f.Kinds, Not: f.Not})
}
