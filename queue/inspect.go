package queue

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"

	"github.com/bgq-dev/bgq/store"
)

// pageSize is how many records one read asks for.
const pageSize = 1000

// Get reads one job. [store.ErrNotFound] names the id.
func (q *Queue) Get(ctx context.Context, id store.ID, parts store.Parts) (*store.Job, error) {
	jobs, err := q.store.Get(ctx, []store.ID{id}, parts)
	if err != nil {
		return nil, err
	}
	if len(jobs) == 0 {
		return nil, fmt.Errorf("job %s: %w: it was never there, or was pruned or deleted", id, store.ErrNotFound)
	}
	return &jobs[0], nil
}

// List reads a page of jobs; see [store.ListRequest].
func (q *Queue) List(ctx context.Context, r store.ListRequest) (store.Page, error) {
	return q.store.List(ctx, r)
}

// Jobs yields every job that the filter selects, page by page. Jobs that move
// while it reads may be missed or come twice.
func (q *Queue) Jobs(ctx context.Context, f store.Filter, parts store.Parts) iter.Seq2[*store.Job, error] {
	return func(yield func(*store.Job, error) bool) {
		for page, err := range q.pages(ctx, f, parts) {
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page {
				if !yield(&page[i], nil) {
					return
				}
			}
		}
	}
}

func (q *Queue) pages(ctx context.Context, f store.Filter, parts store.Parts) iter.Seq2[[]store.Job, error] {
	return func(yield func([]store.Job, error) bool) {
		req := store.ListRequest{Filter: f, Limit: pageSize, Parts: parts}
		for {
			page, err := q.store.List(ctx, req)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(page.Jobs) > 0 && !yield(page.Jobs, nil) {
				return
			}
			if page.Next == "" {
				return
			}
			req.Cursor = page.Next
		}
	}
}

// Count returns how many jobs the filter selects, by queue, kind and state. A
// filter on nothing but these is answered from counters; any other one scans.
func (q *Queue) Count(ctx context.Context, f store.Filter) ([]store.CountRow, error) {
	if countable(f) {
		rows, err := q.store.Count(ctx)
		if err != nil {
			return nil, err
		}
		return slices.DeleteFunc(rows, func(r store.CountRow) bool {
			return !f.Match(&store.Job{Queue: r.Queue, Kind: r.Kind, State: r.State})
		}), nil
	}
	type key struct {
		queue, kind string
		state       store.State
	}
	sums := map[key]int64{}
	for j, err := range q.Jobs(ctx, f, store.HeadOnly) {
		if err != nil {
			return nil, err
		}
		sums[key{j.Queue, j.Kind, j.State}]++
	}
	rows := make([]store.CountRow, 0, len(sums))
	for k, n := range sums {
		rows = append(rows, store.CountRow{Queue: k.queue, Kind: k.kind, State: k.state, N: n})
	}
	slices.SortFunc(rows, compareRows)
	return rows, nil
}

// Total adds the counters up.
func Total(rows []store.CountRow) int64 {
	var n int64
	for _, r := range rows {
		n += r.N
	}
	return n
}

func ids(jobs []store.Job) []store.ID {
	out := make([]store.ID, len(jobs))
	for i := range jobs {
		out[i] = jobs[i].ID
	}
	return out
}

// countable tells whether the filter asks for nothing but queue, kind and state.
func countable(f store.Filter) bool {
	for _, n := range f.Not {
		if len(n.Not) > 0 || !countable(n) {
			return false
		}
	}
	rest := store.Filter{States: f.States, Queues: f.Queues, Kinds: f.Kinds, Not: f.Not}
	return reflect.DeepEqual(f, rest)
}

func compareRows(a, b store.CountRow) int {
	return cmp.Or(cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State))
}
