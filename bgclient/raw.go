package bgclient

import (
	"fmt"

	"github.com/bgq-dev/bgq/executor"
)

// RegisterRaw is [Register] for programs that deal with jobs as they are stored: fn gets the record, with its
// arguments as msgpack, and returns the result as msgpack. Jobs of the kind are enqueued through
// [Client.Queue], or by another program.
func RegisterRaw(c *Client, kind string, fn executor.Handler, options executor.HandlerOptions) error {
	if fn == nil {
		return fmt.Errorf("RegisterRaw %q: the function is nil", kind)
	}
	if kind == kindFunc || kind == kindBatch || kind == "" {
		return fmt.Errorf("RegisterRaw: a kind cannot be called %q: choose another name", kind)
	}
	return c.exec.Handle(kind, c.wrap(fn), options)
}
