package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/mikestefanello/backlite"
)

// backliteQueue is backlite with as many goroutines as everybody, and completed tasks kept as long
// as bgq keeps them; their data is dropped, which is less to write.
type backliteQueue struct {
	db *sql.DB
	c  *backlite.Client
}

// backliteTask is a task of backlite.
type backliteTask struct{ Payload string }

func (backliteTask) Config() backlite.QueueConfig {
	return backlite.QueueConfig{
		Name:        "noop",
		MaxAttempts: 1,
		Retention:   &backlite.Retention{Duration: 24 * time.Hour},
	}
}

func openBacklite(ctx context.Context, s site) (queue, error) {
	db, err := openSQLite(ctx, s.dir)
	if err != nil {
		return nil, err
	}
	c, err := backlite.NewClient(backlite.ClientConfig{DB: db, NumWorkers: workers, ReleaseAfter: time.Hour})
	if err != nil {
		return nil, err
	}
	c.Register(backlite.NewQueue(func(context.Context, backliteTask) error {
		s.handler()
		return nil
	}))
	return &backliteQueue{db, c}, c.Install()
}

// Enqueue returns a done that asks for the status of the task every 200 µs: nothing tells it.
func (q *backliteQueue) Enqueue(ctx context.Context, payload string) (func(context.Context) error, error) {
	ids, err := q.c.Add(backliteTask{payload}).Ctx(ctx).Save()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		for {
			switch status, err := q.c.Status(ctx, ids[0]); {
			case err != nil:
				return err
			case status == backlite.TaskStatusSuccess:
				return nil
			case status == backlite.TaskStatusFailure:
				return fmt.Errorf("task %s has failed", ids[0])
			}
			if err := pause(ctx, 200*time.Microsecond); err != nil {
				return err
			}
		}
	}, nil
}

// EnqueueMany adds all in one call, which is one transaction.
func (q *backliteQueue) EnqueueMany(ctx context.Context, payloads []string) error {
	tasks := make([]backlite.Task, len(payloads))
	for i, p := range payloads {
		tasks[i] = backliteTask{p}
	}
	_, err := q.c.Add(tasks...).Ctx(ctx).Save()
	return err
}

func (q *backliteQueue) Start(ctx context.Context) error {
	q.c.Start(ctx)
	return nil
}

// Unfinished counts the table of tasks: one that is done moves to the other table in one transaction.
func (q *backliteQueue) Unfinished(ctx context.Context) (int, error) {
	return count(ctx, q.db, "SELECT count(*) FROM backlite_tasks")
}

func (q *backliteQueue) Completed(ctx context.Context) (int, error) {
	return count(ctx, q.db, "SELECT count(*) FROM backlite_tasks_completed WHERE succeeded")
}

func (q *backliteQueue) Close() error {
	q.c.Stop(context.Background())
	return q.db.Close()
}
