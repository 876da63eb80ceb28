package queue

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bgq-dev/bgq/store"
)

// Forever is a retention: such jobs are never pruned.
const Forever time.Duration = -1

// The defaults of a queue.
const (
	DefaultQueue         = "default"
	DefaultMaxAttempts   = 25
	DefaultMaxRecoveries = 3
	DefaultRetention     = 24 * time.Hour
	DefaultKeepAudit     = 90 * 24 * time.Hour
	DefaultKeepStats     = 35 * 24 * time.Hour
)

// Config holds the policy of a [Queue]. The zero value is the default.
type Config struct {
	// Backoff is used for jobs whose handler does not say when to retry.
	Backoff Backoff
	// KeepCompleted and KeepCancelled are how long those jobs stay after they ended:
	// default 24 h, Forever for ever. KeepDiscarded defaults to Forever: a failure is
	// only removed by who decided so. Members of a batch stay as long as the batch.
	KeepCompleted, KeepCancelled, KeepDiscarded time.Duration
	// KeepAudit is how long it is known who asked for a change, default 90 days, KeepStats how
	// long the statistics go back, default 35 days. Forever for ever.
	KeepAudit, KeepStats time.Duration
	// Random returns numbers in [0, 1) for the jitter. Default: math/rand.
	Random func() float64
}

// Queue decides what happens to jobs. It has no state besides its configuration:
// the truth is in the store. Its methods may be called from any goroutine.
type Queue struct {
	store    store.Store
	cfg      Config
	settings sync.Mutex // held by who changes the settings of a queue, see SetQueue
}

// New returns a queue over a store, which stays the caller's to close.
func New(s store.Store, cfg Config) (*Queue, error) {
	cfg.Backoff = cfg.Backoff.withDefaults()
	for _, k := range []struct {
		name     string
		value    *time.Duration
		fallback time.Duration
	}{
		{"KeepCompleted", &cfg.KeepCompleted, DefaultRetention},
		{"KeepCancelled", &cfg.KeepCancelled, DefaultRetention},
		{"KeepDiscarded", &cfg.KeepDiscarded, Forever},
		{"KeepAudit", &cfg.KeepAudit, DefaultKeepAudit},
		{"KeepStats", &cfg.KeepStats, DefaultKeepStats},
	} {
		switch {
		case *k.value == 0:
			*k.value = k.fallback
		case *k.value < 0 && *k.value != Forever:
			return nil, fmt.Errorf("queue: %s is %v: give a positive duration, or queue.Forever", k.name, *k.value)
		}
	}
	if cfg.Random == nil {
		cfg.Random = rand.Float64
	}
	return &Queue{store: s, cfg: cfg}, nil
}

// Store returns the store below.
func (q *Queue) Store() store.Store { return q.store }
