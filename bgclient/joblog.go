package bgclient

import (
	"context"
	"errors"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/bgq-dev/bgq/executor"
)

// Logger returns a logger for the handler of ctx, with the id and attempt of the job as
// fields: the client's, or the one given to [BatchLogger]. What is written to it goes into the
// log of the job as well, from info level up (see [WithJobLog]), whether the client has a
// logger or not. Outside a handler it drops everything.
func Logger(ctx context.Context) *zap.Logger {
	log, ok := ctx.Value(loggerKey{}).(*zap.Logger)
	job := executor.Job(ctx)
	if !ok || job == nil {
		return executor.Logger(ctx)
	}
	return executor.WithJobLog(ctx, log.With(zap.Stringer("job", job.ID), zap.Int("attempt", job.Attempt)))
}

// loggerKey is the key of the logger of a batch in the contexts of its items.
type loggerKey struct{}

// SetProgress tells how far the handler of ctx is: done of total (0: not known), and a few
// words. It is for people who look at the job. It may be called as often as one likes: the latest is
// stored about once a second, and the last with the outcome. Outside a handler it does nothing.
func SetProgress(ctx context.Context, done, total int64, note string) {
	executor.Progress(ctx, done, total, note)
}

// WithJobLog sets the level from which on lines that handlers write to their [Logger] are kept
// in the logs of their jobs, in the file: default [zapcore.InfoLevel]; [NoJobLog] keeps none. Of one
// attempt the first 64 KiB and the last 16 KiB are kept, for as long as its job.
func WithJobLog(level zapcore.LevelEnabler) Option {
	return func(c *config) error {
		if level == nil {
			return errors.New("WithJobLog: the level is nil")
		}
		c.jobLog = level
		return nil
	}
}

// NoJobLog is a level for [WithJobLog]: no lines are kept.
const NoJobLog = executor.NoJobLog
