package main

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	batch "github.com/bgq-dev/bgq/cmd/bgq/internal/run"
	"github.com/bgq-dev/bgq/executor"
)

// worked counts what has become of the commands.
type worked struct {
	mu                    sync.Mutex // also keeps the lines on stderr apart
	done, failed, stopped int64
}

// ended is told about every command that has ended.
func (w *worker) ended(e batch.ShellEnd) {
	w.mu.Lock()
	defer w.mu.Unlock()
	how := "done"
	switch {
	case e.Err == nil:
		w.done++
	case errors.Is(e.Err, executor.ErrShutdown):
		w.stopped++
		how = "stopped, it runs again"
	case errors.Is(e.Err, executor.ErrCancelled):
		how = "cancelled"
	case errors.Is(e.Err, executor.ErrLost):
		how = "taken away"
	default:
		w.failed++
		how = "failed: " + e.Err.Error()
		if e.Job.Attempt < e.Job.MaxAttempts {
			how = "failed, it is tried again: " + e.Err.Error()
		}
	}
	if !w.app.verbose && !terminal(w.app.stderr) && !strings.HasPrefix(how, "failed") {
		return
	}
	const longest = 100
	line := []rune(e.Line)
	if len(line) > longest {
		line = append(line[:longest], '…')
	}
	w.print("%s  %s  %s  (%s)", e.Job.ID, rounded(e.Exit.Runtime), clean(string(line)), clean(how))
}

// say tells people what bgq work does.
func (w *worker) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.print(format, args...)
}

// print writes a line, with the time where nobody else adds it. The caller holds mu.
func (w *worker) print(format string, args ...any) {
	head := "bgq work: "
	if terminal(w.app.stderr) {
		head = w.app.now().Format(time.TimeOnly) + " "
	}
	w.app.say(head+format, args...)
}

// describe sums up.
func (w *worked) describe() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := "drained: " + number(w.done) + " done, " + number(w.failed) + " failed"
	if w.stopped > 0 {
		s += ", " + plurals(w.stopped, "was stopped and runs", "were stopped and run") + " again"
	}
	return s
}

// logger is for what the client has to say.
func (w *worker) logger() *zap.Logger {
	encoder := zapcore.NewConsoleEncoder(zapcore.EncoderConfig{
		MessageKey: "message", EncodeDuration: zapcore.StringDurationEncoder, ConsoleSeparator: " ",
	})
	return zap.New(zapcore.NewCore(encoder, zapcore.AddSync(w), zap.InfoLevel))
}

// Write implements [io.Writer], for the logger: a line a call.
func (w *worker) Write(p []byte) (int, error) {
	w.say("%s", bytes.TrimSpace(p))
	return len(p), nil
}
