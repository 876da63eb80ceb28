package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// riverQueue is River on either database. Completions go through its batch completer, which is
// its default and fastest; completed jobs stay 24 hours, its default and bgq's. One client has all
// workers: to spread them over several, as asynq gains by, was measured and gains nothing.
type riverQueue[Tx any] struct {
	c       *river.Client[Tx]
	count   func(ctx context.Context, query string) (int, error)
	close   func() error
	chunk   int
	started bool

	listen  sync.Once // to River's events: only where somebody waits for a job, as it costs River something
	mu      sync.Mutex
	waiting map[int64]chan struct{} // closed when the job is completed
}

// riverArgs are the arguments of a job of River.
type riverArgs struct {
	Payload string `json:"payload"`
}

func (riverArgs) Kind() string { return "noop" }

type riverWorker struct {
	river.WorkerDefaults[riverArgs]
	handler func()
}

func (w *riverWorker) Work(context.Context, *river.Job[riverArgs]) error {
	w.handler()
	return nil
}

// openRiverSQLite opens River on SQLite, on one connection, as its documentation has it.
func openRiverSQLite(ctx context.Context, s site) (queue, error) {
	db, err := openSQLite(ctx, s.dir)
	if err != nil {
		return nil, err
	}
	q := &riverQueue[*sql.Tx]{
		count: func(ctx context.Context, query string) (int, error) { return count(ctx, db, query) },
		close: db.Close,
		chunk: 1000,
	}
	return q, q.open(ctx, riversqlite.New(db), s)
}

// openRiverPostgres opens River on Postgres, having asked the server whether it is durable.
func openRiverPostgres(ctx context.Context, s site) (queue, error) {
	config, err := pgxpool.ParseConfig(s.server)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 64 // 16, 128 and 256 were not told apart from the noise
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		var value string
		if err := pool.QueryRow(ctx, "SHOW "+setting).Scan(&value); err != nil {
			return nil, err
		}
		if value != "on" {
			return nil, fmt.Errorf("postgres is not durable: %s is %s", setting, value)
		}
	}
	q := &riverQueue[pgx.Tx]{
		count: func(ctx context.Context, query string) (n int, err error) {
			err = pool.QueryRow(ctx, query).Scan(&n)
			return n, err
		},
		close: func() error {
			pool.Close()
			return nil
		},
		chunk: 10_000,
	}
	return q, q.open(ctx, riverpgxv5.New(pool), s)
}

func (q *riverQueue[Tx]) open(ctx context.Context, driver riverdriver.Driver[Tx], s site) error {
	migrator, err := rivermigrate.New(driver, nil)
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	q.waiting = map[int64]chan struct{}{}
	config := &river.Config{Logger: slog.New(slog.DiscardHandler)}
	if s.handler != nil {
		config.Workers = river.NewWorkers()
		river.AddWorker(config.Workers, &riverWorker{handler: s.handler})
		config.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}}
		// "Throughput is limited by this value", which is also how often an insert may notify Postgres'
		// listeners: a client that only enqueues is quicker with the default.
		config.FetchCooldown = river.FetchCooldownMin
		config.FetchPollInterval = river.FetchPollIntervalMin
	}
	q.c, err = river.NewClient(driver, config)
	return err
}

// Enqueue returns a done that waits for River's event of the completion, which it sends
// after it has recorded it.
func (q *riverQueue[Tx]) Enqueue(ctx context.Context, payload string) (func(context.Context) error, error) {
	if q.started {
		q.listen.Do(q.subscribe)
	}
	inserted, err := q.c.Insert(ctx, riverArgs{payload}, nil)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		select {
		case <-q.completion(inserted.Job.ID):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}, nil
}

func (q *riverQueue[Tx]) subscribe() {
	events, _ := q.c.Subscribe(river.EventKindJobCompleted) // closed when the client stops
	go func() {
		for e := range events {
			close(q.completion(e.Job.ID))
		}
	}()
}

// completion returns the channel that is closed when the job is completed.
func (q *riverQueue[Tx]) completion(id int64) chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting[id] == nil {
		q.waiting[id] = make(chan struct{})
	}
	return q.waiting[id]
}

// EnqueueMany uses the faster of River's two ways, which is COPY on Postgres.
func (q *riverQueue[Tx]) EnqueueMany(ctx context.Context, payloads []string) error {
	for chunk := range slices.Chunk(payloads, q.chunk) {
		params := make([]river.InsertManyParams, len(chunk))
		for i, p := range chunk {
			params[i].Args = riverArgs{p}
		}
		if _, err := q.c.InsertManyFast(ctx, params); err != nil {
			return err
		}
	}
	return nil
}

func (q *riverQueue[Tx]) Start(ctx context.Context) error {
	q.started = true
	return q.c.Start(ctx)
}

// Unfinished counts the rows in any state but completed.
func (q *riverQueue[Tx]) Unfinished(ctx context.Context) (int, error) {
	return q.count(ctx, "SELECT count(*) FROM river_job WHERE state IN "+
		"('available', 'running', 'retryable', 'scheduled', 'pending', 'cancelled', 'discarded')")
}

func (q *riverQueue[Tx]) Completed(ctx context.Context) (int, error) {
	return q.count(ctx, "SELECT count(*) FROM river_job WHERE state = 'completed'")
}

func (q *riverQueue[Tx]) Close() error {
	var err error
	if q.started {
		err = q.c.Stop(context.Background())
	}
	return errors.Join(err, q.close())
}
