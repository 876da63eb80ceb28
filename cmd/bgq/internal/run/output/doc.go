// Package output keeps what commands print, and prints it whole.
//
// A [Capture] takes one stream of one command. The first 128 KiB stay in memory;
// what is larger goes to a file, so that everything can be printed while only the
// head and the tail are kept in the journal. A [Printer] writes the captures of
// commands that have ended one after the other, never mixed, either as they end or in the
// order of the inputs.
package output
