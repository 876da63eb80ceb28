package bgclient

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/bgq-dev/bgq/queue"
	"github.com/bgq-dev/bgq/store"
)

// Option configures a [Client], see [Open].
type Option func(*config) error

type config struct {
	path        string
	logger      *zap.Logger
	workers     int
	queues      map[string]int
	lockTimeout time.Duration
	maxValue    int
	adopt       bool
	grace       time.Duration
	jobLog      zapcore.LevelEnabler
	noSocket    bool
	queue       queue.Config
}

// WithLogger sends what the client has to say to log: failed jobs and procedures as
// warnings, the course of jobs at debug level. Default: nothing is logged.
func WithLogger(log *zap.Logger) Option {
	return func(c *config) error {
		if log == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		c.logger = log
		return nil
	}
}

// WithWorkers sets how many jobs of one queue run at once, for queues that
// [WithQueue] does not name. Default: max(1, 80 % of GOMAXPROCS).
func WithWorkers(n int) Option {
	return func(c *config) error {
		if n < 1 {
			return fmt.Errorf("WithWorkers: %d workers: give 1 or more", n)
		}
		c.workers = n
		return nil
	}
}

// WithQueue works on a queue with its own number of workers; 0 leaves its jobs waiting.
func WithQueue(name string, workers int) Option {
	return func(c *config) error {
		if name == "" || workers < 0 {
			return fmt.Errorf("WithQueue: %d workers for queue %q: give a name, and 0 or more workers", workers, name)
		}
		c.queues[name] = workers
		return nil
	}
}

// WithLockTimeout sets how long Open waits for another process to let go of the
// file. Default: 1 s.
func WithLockTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return fmt.Errorf("WithLockTimeout: %v: give a positive duration", d)
		}
		c.lockTimeout = d
		return nil
	}
}

// WithMaxValue sets the most bytes that the arguments or the result of one job
// may have when encoded. Default: 1 MiB.
func WithMaxValue(bytes int) Option {
	return func(c *config) error {
		if bytes < 1 {
			return fmt.Errorf("WithMaxValue: %d bytes: give 1 or more", bytes)
		}
		c.maxValue = bytes
		return nil
	}
}

// WithAdopt allows a bbolt file in which the application keeps buckets of its own.
// The client adds one bucket, "bgq", and touches no other.
func WithAdopt() Option {
	return func(c *config) error {
		c.adopt = true
		return nil
	}
}

// WithGrace sets how long Close waits for running handlers before it ends their
// contexts. Default: 10 s.
func WithGrace(d time.Duration) Option {
	return func(c *config) error {
		c.grace = d
		if d == 0 {
			c.grace = -1
		}
		return nil
	}
}

// WithRetention sets how long jobs stay after they have ended in the given state:
// completed and cancelled 24 h by default, discarded for ever. [Forever] is for ever.
func WithRetention(state store.State, keep time.Duration) Option {
	return func(c *config) error {
		switch state {
		case store.Completed:
			c.queue.KeepCompleted = keep
		case store.Cancelled:
			c.queue.KeepCancelled = keep
		case store.Discarded:
			c.queue.KeepDiscarded = keep
		default:
			return fmt.Errorf("WithRetention: %s is not a final state: give store.Completed, store.Cancelled or store.Discarded", state)
		}
		if keep <= 0 && keep != Forever {
			return fmt.Errorf("WithRetention: %v: give a positive duration, or bgclient.Forever", keep)
		}
		return nil
	}
}

// WithoutSocket serves no admin API on the socket beside the file: the bgq command and other
// programs cannot reach the queue then while this one runs, but through [Client.AdminHandler].
//
// Tests that run a client in a bubble of testing/synctest need it: a goroutine that waits for
// a connection keeps the time of the bubble from passing.
func WithoutSocket() Option {
	return func(c *config) error {
		c.noSocket = true
		return nil
	}
}

// Forever is a retention: jobs are never pruned.
const Forever = queue.Forever

// InvokeOption says something about one job, or, given to [Register], about every
// job of the task.
type InvokeOption interface {
	forInvoke(*queue.NewJob, *taskSettings) error
}

// BatchOption says something about a [Parallelise].
type BatchOption interface {
	forBatch(*batchSettings) error
}

// CallOption is both.
type CallOption interface {
	InvokeOption
	BatchOption
}

// taskSettings are what belongs to the handler rather than to a job.
type taskSettings struct {
	backoff *queue.Backoff
}

type invokeOption func(*queue.NewJob, *taskSettings) error

func (o invokeOption) forInvoke(j *queue.NewJob, t *taskSettings) error { return o(j, t) }

type batchOption func(*batchSettings) error

func (o batchOption) forBatch(b *batchSettings) error { return o(b) }

// callOption sets fields of the job, wherever it comes from.
type callOption func(*queue.NewJob) error

func (o callOption) forInvoke(j *queue.NewJob, _ *taskSettings) error { return o(j) }
func (o callOption) forBatch(b *batchSettings) error                  { return o(&b.item) }

// MaxAttempts sets how often the job is tried when its handler fails: default 1 for
// Invoke and Parallelise, 25 for Enqueue. Crashes of the process do not count.
func MaxAttempts(n int) CallOption {
	return callOption(func(j *queue.NewJob) error {
		if n < 1 {
			return fmt.Errorf("MaxAttempts: %d: give 1 or more", n)
		}
		j.MaxAttempts = n
		return nil
	})
}

// MaxRecoveries sets how many crashes of the process are forgiven to a job that was
// running alone at that moment: default 3. After one more it is discarded (crash_loop).
func MaxRecoveries(n int) CallOption {
	return callOption(func(j *queue.NewJob) error {
		if n < 0 {
			return fmt.Errorf("MaxRecoveries: %d: give 0 or more", n)
		}
		j.MaxRecoveries = n
		if n == 0 {
			j.MaxRecoveries = -1
		}
		return nil
	})
}

// Timeout bounds one attempt: its context ends then, and it counts as failed. Default: none.
func Timeout(d time.Duration) CallOption {
	return callOption(func(j *queue.NewJob) error {
		if d <= 0 {
			return fmt.Errorf("Timeout: %v: give a positive duration", d)
		}
		j.Timeout = d
		return nil
	})
}

// Tags attaches words by which jobs can be found.
func Tags(tags ...string) CallOption {
	return callOption(func(j *queue.NewJob) error {
		j.Tags = append(j.Tags[:len(j.Tags):len(j.Tags)], tags...)
		return nil
	})
}

// OnQueue puts the job into a queue other than "default". Given to [Register],
// the client also works on that queue.
func OnQueue(name string) InvokeOption {
	return invokeOption(func(j *queue.NewJob, _ *taskSettings) error {
		if name == "" {
			return errors.New("OnQueue: the name is empty")
		}
		j.Queue = name
		return nil
	})
}

// Priority orders the available jobs of a queue: the smaller number runs first. Default 0.
func Priority(n int16) InvokeOption {
	return invokeOption(func(j *queue.NewJob, _ *taskSettings) error {
		j.Priority = n
		return nil
	})
}

// Delay runs the job no earlier than after d.
func Delay(d time.Duration) InvokeOption {
	return invokeOption(func(j *queue.NewJob, _ *taskSettings) error {
		j.RunAt = time.Now().Add(d)
		return nil
	})
}

// At runs the job no earlier than at t.
func At(t time.Time) InvokeOption {
	return invokeOption(func(j *queue.NewJob, _ *taskSettings) error {
		j.RunAt = t
		return nil
	})
}

// Held stores the job without running it, until it is released.
func Held() InvokeOption {
	return invokeOption(func(j *queue.NewJob, _ *taskSettings) error {
		j.Hold = true
		return nil
	})
}

// WithID gives the job an id of the caller's. Invoking twice with the same id stores
// one job: that is how to enqueue exactly once when the first call's fate is unknown.
func WithID(id store.ID) InvokeOption {
	return invokeOption(func(j *queue.NewJob, _ *taskSettings) error {
		j.ID = id
		return nil
	})
}

// Unique stores the job only if no other job holds the key, which is free again
// when its holder has ended. Otherwise the invocation returned is that of the holder;
// see [UniqueUntil] and [RefuseDuplicate] for other ways.
func Unique(key string) InvokeOption { return UniqueUntil(key, store.UntilFinal) }

// UniqueUntil is [Unique] with a key that is held until the job starts, ends, or is deleted.
func UniqueUntil(key string, until store.Until) InvokeOption {
	return invokeOption(func(j *queue.NewJob, _ *taskSettings) error {
		if key == "" {
			return errors.New("Unique: the key is empty")
		}
		j.Unique.Key, j.Unique.Until = key, until
		return nil
	})
}

// RefuseDuplicate makes a held unique key an error, a *[queue.DuplicateError].
func RefuseDuplicate() InvokeOption {
	return invokeOption(func(j *queue.NewJob, _ *taskSettings) error {
		j.Unique.Conflict = queue.Refuse
		return nil
	})
}

// RetryBackoff sets how long jobs of the task wait between attempts. It belongs to
// [Register]: it is not stored with a job.
func RetryBackoff(b queue.Backoff) InvokeOption {
	return invokeOption(func(_ *queue.NewJob, t *taskSettings) error {
		if t == nil {
			return errors.New("RetryBackoff belongs to Register, not to a single call")
		}
		t.backoff = &b
		return nil
	})
}
