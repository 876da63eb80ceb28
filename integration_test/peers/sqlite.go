package main

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
)

// openSQLite opens a SQLite file as durable as bbolt is: in WAL mode only synchronous=FULL syncs every
// commit. One connection: SQLite has one writer, and goroutines that wait for it in
// database/sql are quicker than connections that sleep and try again when they find the file
// busy. River's driver recommends it, and backlite was no quicker with 4 or 16. The cache is
// large enough for everything.
func openSQLite(ctx context.Context, dir string) (*sql.DB, error) {
	path := filepath.Join(dir, "queue.sqlite")
	db, err := sql.Open(sqliteDriver, path+"?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "PRAGMA cache_size = -262144"); err != nil {
		return nil, err
	}
	var journal, synchronous string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&journal); err != nil {
		return nil, err
	}
	if err := db.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous); err != nil {
		return nil, err
	}
	if journal != "wal" || synchronous != "2" {
		return nil, fmt.Errorf("SQLite is not durable: journal_mode %s, synchronous %s", journal, synchronous)
	}
	return db, nil
}

// count runs a query whose answer is one number.
func count(ctx context.Context, db *sql.DB, query string) (n int, err error) {
	err = db.QueryRowContext(ctx, query).Scan(&n)
	return n, err
}
