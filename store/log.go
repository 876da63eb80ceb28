package store

import "time"

// The bounds of a line, in bytes: a store refuses longer ones. It keeps any bytes as they are.
const (
	MaxLogText  = 16 << 10
	MaxLogLevel = 16
)

// LogLine is a line that a handler wrote to the log of its job. The lines of a job are
// deleted with it.
type LogLine struct {
	// Seq numbers the lines of a job in the order in which they were stored, from 1. The store sets it.
	Seq int64 `msgpack:"-" json:"seq"`
	// At is when it was written; zero: when it is stored.
	At      time.Time `msgpack:"at" json:"at"`
	Attempt int       `msgpack:"attempt" json:"attempt"`
	// Level is "debug", "info", "warn" or "error".
	Level string `msgpack:"level" json:"level"`
	// Text is the message with its fields.
	Text string `msgpack:"text" json:"text"`
}
