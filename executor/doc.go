// Package executor runs the jobs of a queue: it owns the goroutines, the slots and
// the contexts of handlers, and it is the only place that recovers panics.
//
// # Who owns which goroutine
//
//	dispatcher  one; asks the queue for as many jobs as slots are free, and starts them
//	attempt     one for each job that runs; calls the handler, and settles how it ended
//	completer   one; writes down what was settled since its last commit, together
//	keeper      one; makes due jobs available (a timer for the next due time, no polling), prunes
//	controller  one; cancels the context of a running job that was cancelled in the store
//
// [Executor.Start] starts the four single ones, [Executor.Stop] ends them and waits.
//
// # The way of a job
//
// The dispatcher keeps one claim standing in the store, which is answered in the
// very commit that makes a job available. It asks for no more jobs than it can
// start: the free slots of each queue, plus, where jobs are so short that a commit takes
// longer than they do, as many as were finished in the last few
// milliseconds. Those wait in a stock for a moment; a shutdown gives them back, and a
// crash is never charged to one of them, because it is charged only to a job that
// was claimed alone (see package queue).
//
// When a handler returns its slot is free at once. The outcome goes to the
// completer, which stores everything that came in during the last commit with the next
// one. The outcome is written whatever happened to the handler's context.
//
// Suspects, the jobs that were running when a process died, are run one at a time: the
// dispatcher waits until nothing runs and nothing is left to be recorded, claims
// one suspect, and goes on when its outcome is on disk.
//
// # How stopping works
//
// Stop claims no more and gives back what has not begun; waits for what runs
// (Config.Grace); cancels the contexts of the rest with cause [ErrShutdown] and waits again
// (Config.Abandon); then abandons what is still deaf: the job is made available
// again, not charged, and what the handler returns one day is refused by the fence.
//
// Locks: Executor.mu guards everything that is marked so, and is never held over
// a call into the store or into a handler.
package executor
