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
// as fields. What is written to it goes into the log of the job as well, from Config.JobLog
// up. Outside a handler it returns a logger that drops everything.
func Logger(ctx context.Context) *zap.Logger {
	if a := attemptFrom(ctx); a != nil {
		return a.withJobLog(a.logger())
	}
	return zap.NewNop()
}

// WithJobLog returns log, but so that what is written to it goes also into the log of the
// job that the handler of ctx works on, without the fields that log has by now. Outside a handler it returns log.
func WithJobLog(ctx context.Context, log *zap.Logger) *zap.Logger {
	if a := attemptFrom(ctx); a != nil {
		return a.withJobLog(log)
	}
	return log
}

// Progress tells how far the handler of ctx is: done of total (0: not known), and a few
// words, of which 4 KiB are kept. It may be called as often as one likes: the latest is stored about once a
// second, and the last with the outcome. Outside a handler it does nothing.
func Progress(ctx context.Context, done, total int64, note string) {
	if a := attemptFrom(ctx); a != nil {
		p := &store.Progress{Done: done, Total: total, Note: cut(note, maxNote)}
		a.note(func(n *notes) bool { return n.report(p) })
	}
}

// Slot returns the number of the slot, from 1 to the slots of the queue, that the
// job occupies while it runs; 0 outside a handler.
func Slot(ctx context.Context) int {
	if a := attemptFrom(ctx); a != nil {
		return a.slot
	}
	return 0
}
