package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// Selection returns what an action on a filter would touch; limit 0 is no limit.
func (c *Client) Selection(ctx context.Context, action, filter string, limit int64) (*wire.Selection, error) {
	q := url.Values{"action": {action}, "q": {filter}}
	if limit > 0 {
		q.Set("limit", strconv.FormatInt(limit, 10))
	}
	out := &wire.Selection{}
	return out, c.call(ctx, http.MethodGet, "/v1/selection", q, nil, out)
}

// StartOperation begins an operation; it goes on when the client has left.
func (c *Client) StartOperation(ctx context.Context, n wire.NewOperation) (*wire.Operation, error) {
	out := &wire.Operation{}
	return out, c.call(ctx, http.MethodPost, "/v1/operations", nil, n, out)
}

// Operation returns how far an operation is. With wait it waits so long (at most a minute) for its end.
func (c *Client) Operation(ctx context.Context, id string, wait time.Duration) (*wire.Operation, error) {
	var q url.Values
	if wait > 0 {
		q = url.Values{"wait": {wait.String()}}
	}
	out := &wire.Operation{}
	return out, c.call(ctx, http.MethodGet, "/v1/operations/"+escape(id), q, nil, out)
}

// Operations returns the operations that the server remembers, newest first.
func (c *Client) Operations(ctx context.Context) (*wire.Operations, error) {
	out := &wire.Operations{}
	return out, c.call(ctx, http.MethodGet, "/v1/operations", nil, nil, out)
}

// StopOperation ends an operation after the chunk that is under way. What is done stays done.
func (c *Client) StopOperation(ctx context.Context, id string) (*wire.Operation, error) {
	out := &wire.Operation{}
	return out, c.call(ctx, http.MethodDelete, "/v1/operations/"+escape(id), nil, nil, out)
}
