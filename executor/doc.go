// Package executor runs the jobs of a queue: it owns the goroutines, the slots and
// the contexts of handlers, and it is the only place that recovers panics.
//
// # Who owns which goroutine
//
//	dispatcher  one; asks the queue for as many jobs as slots are free, and starts them
//	attempt     one for each job that runs; calls the handler, and settles how it ended
//	completer   one; writes down what was settled since its last commit, together, and about
//	            once a second what running handlers have logged and how far they are
//	keeper      one; makes due jobs available (a timer for the next due time, no polling), prunes
//	controller  one; does what operators ask for: cancels the context of a running job that was
//	            cancelled in the store, and reads the settings of the queues
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
// An operator may set the workers and the rate of a queue (see [store.QueueInfo]): the
// dispatcher waits for the controller to have read that first, and every change makes it plan
// again. The rate is a bucket of tokens, of a tenth of a second's worth but at least one. A claim asks
// for no more jobs than there are tokens, a job uses one up when it starts, and the
// dispatcher wakes for the next token only if a slot waits for it.
//
// When a handler returns its slot is free at once. The outcome goes to the
// completer, which stores everything that came in during the last commit with the next
// one. The outcome is written whatever happened to the handler's context.
//
// What a handler writes to its [Logger] and says of its [Progress] stays in memory as the notes of
// its attempt until the completer stores it, a second after the first of it, or with the outcome,
// whichever comes first. A crash takes that last second along.
//
// The goroutine of an attempt carries the labels bgq_queue and bgq_slot, and so do those that the
// handler starts: [Executor.Stack] finds them by these, and so does a CPU profile.
//
// Suspects, the jobs that were running when a process died, are run one at a time: the
// dispatcher waits until nothing runs and nothing is left to be recorded, claims
// one suspect, and goes on when its outcome is on disk. Where a rate leaves none, the next token
// of the queue is for its suspects.
//
// # How stopping works
//
// Stop claims no more and gives back what has not begun; waits for what runs
// (Config.Grace); cancels the contexts of the rest with cause [ErrShutdown] and waits again
// (Config.Abandon); then abandons what is still deaf: the job is made available
// again, not charged, and what the handler returns one day is refused by the fence.
//
// Locks: Executor.mu guards everything that is marked so, and is never held over
// a call into the store or into a handler. The lock of an attempt's notes comes after it.
package executor
