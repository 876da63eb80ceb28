package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/redis/go-redis/v9"
)

// redisSettings make every acknowledged write synced: appendfsync always answers only after
// the log of commands is on disk, once for all clients that wait. No snapshots beside it, and
// no rewriting of the log in the middle of a trial.
var redisSettings = []string{
	"--appendonly", "yes",
	"--appendfsync", "always",
	"--save", "",
	"--auto-aof-rewrite-percentage", "0",
	"--port", "0",
}

func findRedis() error {
	_, err := program("redis-server")
	return err
}

// serveRedis starts a Redis in dir. The address is its socket.
func serveRedis(ctx context.Context, dir string) (*server, error) {
	redisServer, err := program("redis-server")
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "redis.sock")
	cmd := exec.Command(redisServer, append([]string{"--dir", dir, "--unixsocket", socket}, redisSettings...)...)
	return serve(ctx, cmd, socket, func(ctx context.Context) error {
		c := redis.NewClient(&redis.Options{Network: "unix", Addr: socket})
		defer c.Close()
		return c.Ping(ctx).Err()
	})
}
