package main

import (
	"context"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// pageOf is how many jobs are read at a time: fewer where each brings its values,
// which may have a megabyte each.
func pageOf(parts store.Parts) int {
	if parts&(store.PartArgs|store.PartResult) != 0 {
		return 100
	}
	return 1000
}

// pagesAhead is how far reading may be ahead of printing.
const pagesAhead = 4

// stream reads the jobs that req selects, at most limit of them unless it is 0, and
// hands them to emit page by page. Where emit is slow, for example because it
// writes into a pager, the file is closed until it has caught up: a reader who takes his time
// keeps no app from starting.
func (a *app) stream(ctx context.Context, req store.ListRequest, limit int, emit func([]store.Job) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	pages := make(chan []store.Job, pagesAhead)
	printed := make(chan error, 1)
	go func() {
		var err error
		for page := range pages {
			if err == nil {
				if err = emit(page); err != nil {
					cancel(err)
				}
			}
		}
		printed <- err
	}()
	readErr := a.readPages(ctx, req, limit, pages)
	close(pages)
	select {
	case err := <-printed:
		if err != nil {
			return err
		}
		return readErr
	case <-ctx.Done(): // do not wait for a pager that reads no more
		return context.Cause(ctx)
	}
}

// readPages sends pages until there is none, and closes the file whenever it has to wait.
func (a *app) readPages(ctx context.Context, req store.ListRequest, limit int, pages chan<- []store.Job) error {
	var t *target
	defer func() {
		if t != nil {
			t.close()
		}
	}()
	for left := limit; ; {
		if t == nil {
			var err error
			if t, err = a.open(true); err != nil {
				return err
			}
		}
		req.Limit = pageOf(req.Parts)
		if limit > 0 {
			req.Limit = min(req.Limit, left)
		}
		page, err := t.queue.List(ctx, req)
		if err != nil {
			return err
		}
		left -= len(page.Jobs)
		if len(page.Jobs) > 0 {
			select {
			case pages <- page.Jobs:
			default:
				t.close()
				t = nil
				select {
				case pages <- page.Jobs:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
		}
		if page.Next == "" || limit > 0 && left <= 0 {
			return nil
		}
		req.Cursor = page.Next
	}
}

// collect reads all pages into f, without printing: the file stays open meanwhile.
func collect(ctx context.Context, q *queue.Queue, filter store.Filter, parts store.Parts, f func(*store.Job)) error {
	for j, err := range q.Jobs(ctx, filter, parts) {
		if err != nil {
			return err
		}
		f(j)
	}
	return nil
}
