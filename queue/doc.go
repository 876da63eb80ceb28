// Package queue decides what may happen to a job, and when.
//
// It is the policy between the executor, which runs jobs, and the store, which
// keeps them: the table of legal transitions, retries, unique keys, recovery after
// a crash, retention, batches. It starts no goroutine, logs nothing and keeps no
// state of its own; time comes from the store's clock and randomness is an argument,
// so every rule can be tested exactly.
//
// A job runs at least once. Its outcome is recorded exactly once: each finishing
// write carries the claim number of its attempt, and a store refuses one that is no
// longer the job's.
//
// # The life of a job
//
// This is the whole table, as the code has it (a test compares the two):
//
//	event          to        from                                            also
//	insert         available ◄── (new)
//	insert later   scheduled ◄── (new)
//	insert held    pending   ◄── (new)
//	due            available ◄── scheduled retryable
//	claim          running   ◄── available                                   claim+1, attempt+1
//	succeed        completed ◄── running
//	fail           retryable ◄── running
//	exhaust        discarded ◄── running
//	snooze         scheduled ◄── running                                     attempt-1
//	interrupt      available ◄── running                                     attempt-1
//	recover        available ◄── running                                     attempt-1, suspect
//	charge         available ◄── running                                     attempt-1, suspect, recoveries+1
//	convict        discarded ◄── running                                     recoveries+1, crash_loop
//	abandon        discarded ◄── any that is not final
//	cancel         cancelled ◄── any that is not final
//	release        available ◄── pending
//	hold           pending   ◄── available scheduled retryable
//	reschedule     scheduled ◄── pending available scheduled retryable
//	retry          available ◄── any but running                             one more attempt is granted
//	delete         (gone)    ◄── any but running
//
// Final: completed, cancelled and discarded. Only an operator's retry or delete leaves them.
//
// # A job that kills its process
//
// After a crash the jobs that were running are found at the next open: the file
// lock proves that nobody else runs them. What they are charged with depends on what is
// known. A job that ran alone was there when the process died, so the crash counts
// against its budget of recoveries, apart from its attempts. Where several ran side by side
// any of them may have done it: none is charged, all become suspects, and suspects
// run one at a time with nothing beside them until they survive an attempt. The
// culprit then dies alone, and is discarded (crash_loop) when its budget is
// spent; its neighbours survive, and are cleared. See [Queue.Recover].
package queue
