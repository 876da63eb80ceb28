package admin

import (
	"context"
	"slices"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// walk goes through the jobs that an action on a filter touches, each of them once, although they
// are moved meanwhile.
type walk struct {
	store  store.Store
	passes []store.Filter
	cursor string
	// begun is set for an action that makes jobs run: those that have run since are left alone.
	begun time.Time
}

func (a *action) walk(s store.Store, f store.Filter) *walk {
	w := &walk{store: s, passes: a.passes(f)}
	if a.event.To() == store.Available {
		w.begun = s.Now()
	}
	return w
}

// next returns up to limit jobs, with their heads only. There are none at the end.
func (w *walk) next(ctx context.Context, limit int) ([]store.Job, error) {
	for len(w.passes) > 0 {
		page, err := w.store.List(ctx, store.ListRequest{Filter: w.passes[0], Cursor: w.cursor, Limit: limit})
		if err != nil {
			return nil, err
		}
		if w.cursor = page.Next; page.Next == "" {
			w.passes = w.passes[1:]
		}
		if jobs := slices.DeleteFunc(page.Jobs, w.again); len(jobs) > 0 {
			return jobs, nil
		}
	}
	return nil, nil
}

// again tells whether a job has run since the walk began: then it was made to by the action, and has
// failed again, or has moved on by itself. To go on with it might never end. (An attempt in the future
// is from another clock, and tells nothing.)
func (w *walk) again(j store.Job) bool {
	return !w.begun.IsZero() && j.AttemptedAt.After(w.begun) && !j.AttemptedAt.After(w.store.Now())
}

// named goes through jobs that are given by id.
type named []store.ID

// next cuts off up to limit of them.
func (n *named) next(limit int) []store.ID {
	ids := (*n)[:min(limit, len(*n))]
	*n = (*n)[len(ids):]
	return ids
}
