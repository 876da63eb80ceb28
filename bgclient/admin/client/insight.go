package client

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// Stats returns what happened within a window of time up to now, in groups by "kind" or "queue" unless by is
// empty, and in a series with that step unless it is 0.
func (c *Client) Stats(ctx context.Context, window time.Duration, by string, step time.Duration) (*wire.Stats, error) {
	q := url.Values{"window": {window.String()}}
	if by != "" {
		q.Set("by", by)
	}
	if step > 0 {
		q.Set("step", step.String())
	}
	out := &wire.Stats{}
	return out, c.call(ctx, http.MethodGet, "/v1/stats", q, nil, out)
}

// Errors returns the failed jobs that a filter selects, grouped by the kind of trouble.
func (c *Client) Errors(ctx context.Context, filter string) (*wire.ErrorGroups, error) {
	var q url.Values
	if filter != "" {
		q = url.Values{"q": {filter}}
	}
	out := &wire.ErrorGroups{}
	return out, c.call(ctx, http.MethodGet, "/v1/errors", q, nil, out)
}

// Audit returns who changed what, newest first: all of it, or that of one job. before is 0, or the Next of the last page.
func (c *Client) Audit(ctx context.Context, job store.ID, before uint64, limit int) (*wire.Audit, error) {
	q := url.Values{}
	if !job.IsZero() {
		q.Set("job", job.String())
	}
	if before > 0 {
		q.Set("before", strconv.FormatUint(before, 10))
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	out := &wire.Audit{}
	return out, c.call(ctx, http.MethodGet, "/v1/audit", q, nil, out)
}

// maxEvent bounds a line of the event feed.
const maxEvent = 1 << 20

// Events yields what changes, from the event after the given one, or from now if it is empty, until ctx ends or the
// connection breaks: then it yields an error last. A filter may name id, state, kind, queue and batch.
func (c *Client) Events(ctx context.Context, filter, after string) iter.Seq2[*wire.Event, error] {
	return func(yield func(*wire.Event, error) bool) {
		q := url.Values{}
		if filter != "" {
			q.Set("q", filter)
		}
		if after != "" {
			q.Set("after", after)
		}
		resp, err := c.send(ctx, http.MethodGet, "/v1/events", q, nil, "Accept", "application/x-ndjson")
		if err != nil {
			yield(nil, err)
			return
		}
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, maxEvent)
		for lines.Scan() {
			if len(lines.Bytes()) == 0 { // sent now and then, to see who is still there
				continue
			}
			e := &wire.Event{}
			if err := json.Unmarshal(lines.Bytes(), e); err != nil {
				yield(nil, fmt.Errorf("an event cannot be read: %w", err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		err = lines.Err()
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		} else if err == nil {
			err = io.ErrUnexpectedEOF
		}
		yield(nil, err)
	}
}

// Backup writes a consistent copy of the file into w, and returns its size. The copy is complete only if there is no error.
func (c *Client) Backup(ctx context.Context, w io.Writer) (int64, error) {
	resp, err := c.send(ctx, http.MethodGet, "/v1/backup", nil, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	n, err := io.Copy(w, resp.Body)
	if err == nil && resp.ContentLength >= 0 && n != resp.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
