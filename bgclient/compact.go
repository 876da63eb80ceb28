package bgclient

import (
	"context"

	"github.com/bgq-dev/bgq/store/boltstore"
)

// Compact gives the space back that deleted jobs have left in the file, while the client
// works: see [boltstore.Store.Compact]. A queue with a retention and steady work does not need
// it, because that space is used again; it is for after a flood. After an error, or when
// ctx ends, the file is as before.
func (c *Client) Compact(ctx context.Context) (boltstore.Compacted, error) {
	return c.store.Compact(ctx)
}
