// Package store says what a job is and what a journal of jobs must promise.
//
// It holds the words (ids, states, records, failures) and the contract, the
// [Store] interface. It has no policy, starts no goroutine and logs nothing:
// which state comes next, and when, is decided above, in package queue, and
// arrives here as a [Move]. A store finds the job, checks that the move may be
// applied, applies it together with everything that belongs to it, and makes it
// durable.
//
// # What every store promises
//
//   - A call that returns nil is one atomic, durable commit: all of it survives
//     a crash of the process and of the machine, or (before it returned) none.
//   - A call that returns an error changed nothing, except for an error that
//     matches [ErrUnknown]: then the engine failed in the middle of a commit and
//     could not find out. Every verb may be repeated after that: ids are made by
//     the caller, so a repeated Enqueue finds its job; finishing is fenced by the
//     claim number, so a repeated Finish is refused.
//   - Reads see every write that was acknowledged before they began.
//   - Methods may be called from any number of goroutines. A store may put
//     concurrent calls into one commit; each call still gets its own answer.
//   - A context ends the wait of the caller, not a commit that is under way: when
//     it ends first, the call returns ErrUnknown wrapped around the context's error.
//     Only a waiting Claim is taken back cleanly.
//
// # The parts of a job
//
// A [Job] has a small head, which listing reads and every transition rewrites,
// and large parts (arguments, result, failures, checkpoints), which are read only
// by who asks for them and written only when they change.
//
// # The fence
//
// Each claim of a job raises its claim number, and [Ref] names a job together
// with that number. Finish and Extend apply only to a job that is running under
// exactly that claim: an attempt which was superseded can change nothing.
package store
