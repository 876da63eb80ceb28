package bgclient

import (
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/queue"
)

// OnException says what [Parallelise] does about a failed index.
type OnException uint8

// What to do about a failure.
const (
	// Raise hands out no more work after the first failure, lets what runs finish, and
	// returns an error. The default.
	Raise OnException = iota
	// Warn logs each failure as a warning and goes on. It needs a logger.
	Warn
)

// batchSettings are the options of one Parallelise.
type batchSettings struct {
	threads     int
	on          OnException
	log         *zap.Logger
	progress    func(Progress)
	fingerprint string
	retryFailed bool
	failed      *[]int
	item        queue.NewJob // options of each member
}

// NumThreads sets how many items run at once. Default: max(1, 80 % of GOMAXPROCS).
func NumThreads(n int) BatchOption {
	return batchOption(func(b *batchSettings) error {
		if n < 1 {
			return fmt.Errorf("NumThreads: %d: give 1 or more", n)
		}
		b.threads = n
		return nil
	})
}

// OnBgException chooses between [Raise] and [Warn].
func OnBgException(on OnException) BatchOption {
	return batchOption(func(b *batchSettings) error {
		if on > Warn {
			return fmt.Errorf("OnBgException: %d is neither Raise nor Warn", on)
		}
		b.on = on
		return nil
	})
}

// BatchLogger replaces the logger of the client for this batch: for its warnings,
// and for what the function gets from [Logger].
func BatchLogger(log *zap.Logger) BatchOption {
	return batchOption(func(b *batchSettings) error {
		if log == nil {
			return errors.New("BatchLogger: the logger is nil")
		}
		b.log = log
		return nil
	})
}

// OnProgress calls fn with the latest numbers after items have ended, from one
// goroutine, and one last time at the end. When fn is slow, calls are left out.
func OnProgress(fn func(Progress)) BatchOption {
	return batchOption(func(b *batchSettings) error {
		b.progress = fn
		return nil
	})
}

// Fingerprint guards the contents: the batch of the same name can only be resumed
// with the same text, for example a digest of the inputs.
func Fingerprint(text string) BatchOption {
	return batchOption(func(b *batchSettings) error {
		b.fingerprint = text
		return nil
	})
}

// RetryFailed also runs the indexes again that failed in an earlier run.
func RetryFailed() BatchOption {
	return batchOption(func(b *batchSettings) error {
		b.retryFailed = true
		return nil
	})
}

// FailedIndexes stores the failed indexes, ascending, into *to when [Parallelise] returns.
func FailedIndexes(to *[]int) BatchOption {
	return batchOption(func(b *batchSettings) error {
		b.failed = to
		return nil
	})
}
