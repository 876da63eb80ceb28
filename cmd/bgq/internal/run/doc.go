// Package run is what bgq run does: it runs one command for each of many inputs, in
// parallel, and remembers in the journal which of them are done.
//
// # What it promises
//
//   - An input is in the journal before its command is started, and how the command
//     ended, with what it printed, is in the journal before anybody hears of it.
//   - The same line again, after whatever ended the last run, runs only what is not
//     done. An input is known by its bytes and by which occurrence of them in the
//     list it is, not by its place, so a list may be reordered and extended.
//   - Only what is in the list of this run is run. Inputs that an earlier list had and
//     this one has not are held in the journal until a list has them again.
//   - A command that was interrupted (Ctrl-C, a halt, a crash) is run again from its
//     beginning: a command must bear that, or --on-crash fail must say that it does not.
//
// # How it is built
//
// The inputs become members of a batch, in chunks while they are read, so that the first
// command starts at once and memory holds a few dozen bytes for each input. The
// executor claims them, [session.attempt] runs the command, and when the outcome is
// durable [session.finished] writes the joblog and prints the output, in that order. Lines of the
// joblog that a killed run could not write are added by the next one ([session.recall]).
//
//	source ─► feed ─► journal ─► executor ─► attempt ─► journal ─► finished ─► joblog, output, progress
//
// The parts stand in folders of their own: how a command line is made (template), how inputs
// are read (input), how a process is run (process), how output is kept and printed
// (output), when failures end a run (halt), the joblog, the progress.
package run
