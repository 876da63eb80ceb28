// Package progress says how far a run is.
//
// A [Meter] counts and computes: what has ended, how fast it goes, how long it will
// take. It knows no clock and no terminal, so it can be tested exactly. A [Reporter]
// shows it: as a bar on a terminal, as a line now and then where there is none, or
// as lines of JSON for programs.
package progress
