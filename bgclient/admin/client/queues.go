package client

import (
	"context"
	"net/http"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// Info returns who answers.
func (c *Client) Info(ctx context.Context) (*wire.Info, error) {
	out := &wire.Info{}
	return out, c.call(ctx, http.MethodGet, "/v1/info", nil, nil, out)
}

// Status returns one screen.
func (c *Client) Status(ctx context.Context) (*wire.Status, error) {
	out := &wire.Status{}
	return out, c.call(ctx, http.MethodGet, "/v1/status", nil, nil, out)
}

// Queues returns all queues by name.
func (c *Client) Queues(ctx context.Context) (*wire.Queues, error) {
	out := &wire.Queues{}
	return out, c.call(ctx, http.MethodGet, "/v1/queues", nil, nil, out)
}

// Queue returns a queue; a queue exists if it has jobs or settings, or is worked on.
func (c *Client) Queue(ctx context.Context, name string) (*wire.Queue, error) {
	out := &wire.Queue{}
	return out, c.call(ctx, http.MethodGet, "/v1/queues/"+escape(name), nil, nil, out)
}

// SetQueue changes the settings of a queue, which need not exist.
func (c *Client) SetQueue(ctx context.Context, name string, change wire.QueueChange) (*wire.Queue, error) {
	out := &wire.Queue{}
	return out, c.call(ctx, http.MethodPatch, "/v1/queues/"+escape(name), nil, change, out)
}

// Batches returns all batches by name.
func (c *Client) Batches(ctx context.Context) (*wire.Batches, error) {
	out := &wire.Batches{}
	return out, c.call(ctx, http.MethodGet, "/v1/batches", nil, nil, out)
}

// Batch returns a batch.
func (c *Client) Batch(ctx context.Context, name string, values Values) (*wire.Batch, error) {
	out := &wire.Batch{}
	return out, c.call(ctx, http.MethodGet, "/v1/batches/"+escape(name), values.query(), nil, out)
}

// DeleteBatch deletes a batch with all its members, in chunks.
func (c *Client) DeleteBatch(ctx context.Context, name string) error {
	return c.call(ctx, http.MethodDelete, "/v1/batches/"+escape(name), nil, nil, nil)
}
