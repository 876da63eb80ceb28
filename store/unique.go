package store

import "context"

// Keys is a store that can tell who holds a unique key.
type Keys interface {
	// Holder returns the job that holds a unique key, and false if none does.
	Holder(ctx context.Context, unique string) (ID, bool, error)
}
