//go:build !cgo

package main

import _ "modernc.org/sqlite" // SQLite in Go, where there is no C compiler

const sqliteDriver = "sqlite"
