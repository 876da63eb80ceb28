//go:build cgo

package main

import _ "github.com/mattn/go-sqlite3" // SQLite in C

const sqliteDriver = "sqlite3"
