package store

import (
	"context"
	"time"
)

// Backlog is a store that can tell at once how long the jobs of a queue have been waiting.
type Backlog interface {
	// Oldest returns for each of the queues since when the first of its available jobs waits:
	// the smallest RunAt, whatever their priority. Suspects do not count. A queue without any is left out.
	Oldest(ctx context.Context, queues []string) (map[string]time.Time, error)
}
