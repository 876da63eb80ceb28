package executor

import (
	"context"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/store"
)

type contextKey struct{}

func attemptFrom(ctx context.Context) *attempt {
	a, _ := ctx.Value(contextKey{}).(*attempt)
	return a
}

// Job returns the job that the handler of ctx works on, as it was claimed, or nil
// outside a handler. It must not be changed.
func Job(ctx context.Context) *store.Job {
	if a := attemptFrom(ctx); a != nil {
		return &a.job
	}
	return nil
}

// Logger returns the executor's logger with the id, kind and attempt of the job
// as fields. Outside a handler it returns a logger that drops everything.
func Logger(ctx context.Context) *zap.Logger {
	if a := attemptFrom(ctx); a != nil {
		return a.logger()
	}
	return zap.NewNop()
}

// Slot returns the number of the slot, from 1 to the slots of the queue, that the
// job occupies while it runs; 0 outside a handler.
func Slot(ctx context.Context) int {
	if a := attemptFrom(ctx); a != nil {
		return a.slot
	}
	return 0
}
