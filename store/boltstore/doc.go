// Package boltstore keeps the journal of jobs in one bbolt file: it is the default
// implementation of [store.Store].
//
// # The promise
//
// A call that returns nil has been synced to the disk. A call that returns an error
// has changed nothing, or the error matches store.ErrUnknown. Every record carries a
// checksum, and damage is met with store.ErrCorrupt, never with a panic.
//
// # One commit for many calls
//
// A commit costs the same two syncs for one job as for a thousand. So there is one
// goroutine that commits, and calls that arrive while it is in the middle of a
// commit are together the next one:
//
//	Enqueue ─┐   queue                 ┌─ one transaction ─────────────┐
//	Finish  ─┼─► ▯▯▯▯ ──take all──►    │ each call: check, then write  │──sync──► answers, hints
//	Claim   ─┘                         │ then the claims that wait     │
//	                                   └───────────────────────────────┘
//
// Nothing is delayed to make a group larger: a lone caller pays for one commit. A
// claim that waits is served in the commit that brings its job, so enqueueing and
// claiming cost one commit together, and the job is put once, as running. A call is
// encoded and checked by its caller, before it is put into the queue. Inside of the
// transaction it reads and checks all it needs before it writes anything, so that an
// error of its own leaves nothing behind, and the others of the group go on.
//
// # The file
//
// All buckets are nested in the bucket "bgq"; an application may keep its own beside
// it (see [Options], [Store.Update] and [Store.EnqueueTx]).
//
//	meta      "format"                                  → number of the format
//	          "audit"                                   → number of the newest entry in audit
//	job       id                                        → head of the job, small arguments and result
//	args      id                                        → larger arguments
//	result    id                                        → larger result
//	failure   id, number(4)                             → failure, msgpack
//	point     id, name                                  → checkpoint
//	ready     queue 00 kind 00 priority(2) run_at(8) id   available
//	alone     the same                                    available, suspects
//	due       state(1) run_at(8) id                       scheduled, retryable
//	run       id                                          running
//	held      id                                          pending
//	done      kept(1) state(1) finalised_at(8) id         completed, cancelled, discarded
//	unique    key                                       → id of the job that holds it
//	count     queue 00 kind 00 state(1)                 → number of jobs
//	queue, batch, schedule   name                       → settings, msgpack
//	base      front of the ids of a batch (9)           → name of the batch
//	token     idempotency key                           → id of the job that carries it
//	log       id, number(4)                             → line of its log, msgpack
//	stat      span(1) start(8) queue 00 kind            → what was counted in a minute or an hour
//	          00                                        → which save of statistics was the last
//	audit     number(8)                                 → who asked for which change, msgpack
//	trail     id, number(8) of an entry in audit        the changes of a job
//
// A job stands in exactly one of ready, alone, due, run, held and done, and that one
// is its state: moving a job is a delete and a put, in the transaction that rewrites
// its head and its counters. Numbers are big-endian with the sign moved, so that
// bytes sort as what they mean. Times are nanoseconds since 1970 in UTC, and 0 is the
// zero time. Texts in keys end with a NUL, which they must not contain.
//
// The available jobs of a queue are divided by kind. A claim merges the kinds that
// it wants; jobs of a kind that nobody has a handler for cost it nothing, however
// many there are.
//
// A head is a version byte, fixed fields, numbers of variable length and texts; only version
// 2 has an idempotency key. Behind
// it in the same record stand the arguments and the result, if they have up to 256
// bytes: most do, and then storing a job takes two puts, and finishing it no third
// table. Larger ones, failures and checkpoints stand apart. The record is rewritten by
// every move; what stands apart is not. Records, parts, counters and settings end with
// a CRC-32C over key and value, because the pages of bbolt have none.
//
// What happens is counted in memory and reaches the table stat some seconds later, with a
// commit that is made anyway or, if the store falls idle, one of its own; [Store.Stats] adds
// up both. The events of [Store.Events] are in memory only, and only while somebody asks
// for them.
//
// The file grows in large steps. Shortly before a commit needs more of it, zeros are
// written there, so that the commit itself only overwrites: see prefill.
//
// # What bbolt must not be trusted with
//
//   - Creating a file: bbolt's own way does not survive a power cut. The file is
//     made under another name, synced, and then given its own.
//   - Opening a damaged file: it can crash the process from a goroutine of its own,
//     where nothing can be recovered. A file that was not closed well, or that is
//     small, is walked page by page first (internal/pagecheck).
//   - Reading a damaged file: panics and memory faults are turned into ErrCorrupt.
//     After one inside of a transaction that writes, nothing is written any more.
//   - A commit that failed: it may be in the file all the same. The handle is given
//     up, the file opened again, and its transaction number tells: the calls get nil,
//     store.ErrNotStored, or, if the file cannot be opened, store.ErrUnknown.
//   - A reader that does not end: it keeps pages from being used again, and stops the
//     writer when the file must be mapped anew. Reads are short, copy what they
//     return, and listings come in bounded pages. The mapping is made large at once.
//   - Its list of free pages: it is not written while the store runs, which would
//     cost more with each page that becomes free, but when it is closed, or by the open
//     after a crash, which has walked the pages anyway. A file with such a list opens fast.
//   - A full disk: finishing a job needs space too, so new jobs are refused while
//     some is left (Options.MinFree).
//
// The file never shrinks by itself: what is deleted leaves pages to be used again.
// [Store.Compact] gives them back.
//
// # Copies
//
// [Store.Backup] copies a file that is in use, in the way in which Compact does: in short reads, and
// with what has changed meanwhile. [Copy] copies one that nobody has open for writing, and
// holds its lock for moments only. [Salvage] reads a damaged file without bbolt, and writes what is
// still readable into a new one, with a report of what is not.
package boltstore
