package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// asynqQueue is asynq on a Redis that syncs every write. Completed tasks are kept as long as
// bgq keeps them; by default asynq would forget them.
type asynqQueue struct {
	client    *asynq.Client
	servers   []*asynq.Server
	inspector *asynq.Inspector
	redis     *redis.Client
	handler   func()
}

// asynqConnections lets every producer of the largest scenario write at once: Redis syncs once for
// all clients that wait.
const asynqConnections = 300

const asynqDefault = "default" // the queue

// openAsynq opens asynq with its workers in one server, which is how it is documented, or spread over several in
// the process: a server fetches one task at a time, so that one alone gets no more than a task for
// each sync. Eight were three to four times as fast, and no slower than sixteen.
func openAsynq(servers int) func(context.Context, site) (queue, error) {
	return func(ctx context.Context, s site) (queue, error) {
		r := redis.NewClient(&redis.Options{Network: "unix", Addr: s.server})
		if err := checkRedis(ctx, r); err != nil {
			return nil, err
		}
		option := asynq.RedisClientOpt{Network: "unix", Addr: s.server, PoolSize: asynqConnections}
		q := &asynqQueue{client: asynq.NewClient(option), inspector: asynq.NewInspector(option), redis: r, handler: s.handler}
		for range servers {
			q.servers = append(q.servers, asynq.NewServer(option, asynq.Config{
				Concurrency:       workers / servers,
				TaskCheckInterval: time.Millisecond, // by default an idle queue is looked at every second
				Logger:            silent{},
			}))
		}
		return q, nil
	}
}

// checkRedis asks the server whether it syncs what it acknowledges.
func checkRedis(ctx context.Context, r *redis.Client) error {
	for setting, want := range map[string]string{"appendonly": "yes", "appendfsync": "always"} {
		got, err := r.ConfigGet(ctx, setting).Result()
		if err != nil {
			return err
		}
		if got[setting] != want {
			return fmt.Errorf("redis is not durable: %s is %s", setting, got[setting])
		}
	}
	return nil
}

// Enqueue returns a done that asks for the state of the task every 200 µs: nothing tells it.
func (q *asynqQueue) Enqueue(ctx context.Context, payload string) (func(context.Context) error, error) {
	encoded, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	info, err := q.client.EnqueueContext(ctx, asynq.NewTask("noop", encoded), asynq.MaxRetry(0), asynq.Retention(24*time.Hour))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		for {
			now, err := q.inspector.GetTaskInfo(asynqDefault, info.ID)
			if err != nil {
				return err
			}
			switch now.State {
			case asynq.TaskStateCompleted:
				return nil
			case asynq.TaskStateArchived:
				return fmt.Errorf("task %s has failed: %s", info.ID, now.LastErr)
			}
			if err := pause(ctx, 200*time.Microsecond); err != nil {
				return err
			}
		}
	}, nil
}

// EnqueueMany is many producers: asynq has no call for many tasks.
func (q *asynqQueue) EnqueueMany(ctx context.Context, payloads []string) error {
	const producers = 256
	return together(producers, func(p int) error {
		for i := p; i < len(payloads); i += producers {
			if _, err := q.Enqueue(ctx, payloads[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (q *asynqQueue) Start(context.Context) error {
	handler := asynq.HandlerFunc(func(_ context.Context, t *asynq.Task) error {
		var payload string
		if err := json.Unmarshal(t.Payload(), &payload); err != nil {
			return err
		}
		q.handler()
		return nil
	})
	for _, server := range q.servers {
		if err := server.Start(handler); err != nil {
			return err
		}
	}
	return nil
}

// Unfinished adds up the lists of the queue in Redis in which a task can be that is not completed.
func (q *asynqQueue) Unfinished(ctx context.Context) (int, error) {
	n := 0
	for _, list := range []string{"pending", "active"} {
		length, err := q.redis.LLen(ctx, "asynq:{default}:"+list).Result()
		if err != nil {
			return 0, err
		}
		n += int(length)
	}
	for _, set := range []string{"scheduled", "retry", "archived"} {
		size, err := q.redis.ZCard(ctx, "asynq:{default}:"+set).Result()
		if err != nil {
			return 0, err
		}
		n += int(size)
	}
	return n, nil
}

func (q *asynqQueue) Completed(ctx context.Context) (int, error) {
	n, err := q.redis.ZCard(ctx, "asynq:{default}:completed").Result()
	return int(n), err
}

func (q *asynqQueue) Close() error {
	for _, server := range q.servers {
		server.Shutdown()
	}
	return errors.Join(q.client.Close(), q.inspector.Close(), q.redis.Close())
}

// silent is a logger.
type silent struct{}

func (silent) Debug(...any) {}
func (silent) Info(...any)  {}
func (silent) Warn(...any)  {}
func (silent) Error(...any) {}
func (silent) Fatal(...any) {}
