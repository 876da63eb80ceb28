package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

const debianPostgres = "/usr/lib/postgresql/*/bin"

// postgresSettings are durable (the first three are the defaults) and meant for speed: enough memory
// and log that no checkpoint falls into a trial, and a log that is for recovery alone, as
// nobody replicates this server. Autovacuum stays on: a queue without it does not last.
var postgresSettings = map[string]string{
	"fsync":              "on",
	"synchronous_commit": "on",
	"full_page_writes":   "on",

	"shared_buffers":     "512MB",
	"wal_buffers":        "16MB",
	"max_wal_size":       "8GB",
	"checkpoint_timeout": "30min",
	"wal_level":          "minimal",
	"max_wal_senders":    "0",
	"jit":                "off",

	"max_connections":  "300",
	"listen_addresses": "",
}

func findPostgres() error {
	_, err := program("initdb", debianPostgres)
	if err == nil {
		_, err = program("postgres", debianPostgres)
	}
	return errors.Join(err, runAsServer(&exec.Cmd{}))
}

// servePostgres makes a cluster in dir and starts a server on it. The address is a
// connection string.
func servePostgres(ctx context.Context, dir string) (*server, error) {
	initdb, err := program("initdb", debianPostgres)
	if err != nil {
		return nil, err
	}
	postgres, err := program("postgres", debianPostgres)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	for _, d := range []string{dir, data} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
		if err := giveToServer(d); err != nil {
			return nil, err
		}
	}
	create := exec.CommandContext(ctx, initdb, "-D", data, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
	if err := runAsServer(create); err != nil {
		return nil, err
	}
	if out, err := create.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	args := []string{"-D", data, "-c", "unix_socket_directories=" + dir}
	for name, value := range postgresSettings {
		args = append(args, "-c", name+"="+value)
	}
	cmd := exec.Command(postgres, args...)
	if err := runAsServer(cmd); err != nil {
		return nil, err
	}
	address := fmt.Sprintf("host=%s user=postgres dbname=postgres", dir)
	return serve(ctx, cmd, address, func(ctx context.Context) error {
		c, err := pgx.Connect(ctx, address)
		if err != nil {
			return err
		}
		return c.Close(ctx)
	})
}
