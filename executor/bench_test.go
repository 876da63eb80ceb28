package executor

import (
	"context"
	"runtime/pprof"
	"testing"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/store"
)

// BenchmarkBegin is what it costs to give an attempt its context: plain, and with the
// labels by which its goroutines are found.
func BenchmarkBegin(b *testing.B) {
	jobs, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	l := &lane{queue: "default", slots: 1}
	slot := l.take(jobs)
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			a := &attempt{lane: l}
			ctx, cancel := context.WithCancelCause(jobs)
			a.ctx, a.cancel = context.WithValue(ctx, contextKey{}, a), cancel
			a.cancel(nil)
		}
	})
	b.Run("labelled", func(b *testing.B) {
		defer pprof.SetGoroutineLabels(context.Background())
		b.ReportAllocs()
		for b.Loop() {
			a := &attempt{lane: l}
			a.begin(slot)
			pprof.SetGoroutineLabels(a.ctx)
			a.cancel(nil)
		}
	})
}

// BenchmarkLogger is what a handler pays for its logger and for a line in the log of its job.
func BenchmarkLogger(b *testing.B) {
	e := &Executor{log: zap.NewNop(), cfg: Config{JobLog: zap.InfoLevel}, noted: map[*attempt]struct{}{}}
	a := &attempt{e: e, job: store.Job{ID: store.NewID(), Kind: "k"}}
	ctx := context.WithValue(context.Background(), contextKey{}, a)
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Logger(ctx)
		}
	})
	b.Run("line", func(b *testing.B) {
		b.ReportAllocs()
		log := Logger(ctx)
		for b.Loop() {
			log.Info("fetched", zap.String("url", "https://example.com/"), zap.Int("bytes", 12345))
		}
	})
	b.Run("below the level", func(b *testing.B) {
		b.ReportAllocs()
		log := Logger(ctx)
		for b.Loop() {
			log.Debug("fetched", zap.String("url", "https://example.com/"), zap.Int("bytes", 12345))
		}
	})
}
