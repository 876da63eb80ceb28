// Package bgclient is how a Go program uses bgq: it calls functions in the
// background, and every call, result and failure is on disk.
//
// There is one file and no server. [Open] opens it, [Register] gives a function a name
// that outlives the process, [Task.Invoke] calls it, and the [Invocation] returned is
// the future of its result, in this process or, found again by its id, in a
// later one. [Parallelise] runs a function for many indexes and goes on where it was
// when it is killed.
//
// # The words of mt.base.bg_invoke
//
// The package gives Go the vocabulary of Python's mt.base.bg_invoke, and lets each
// word survive a kill -9:
//
//	Python                                   Go
//	BgInvoke(f, *args)                       Register + Task.Invoke          registered functions run again after a crash
//	  .is_running()  .result                 Invocation.IsRunning  .Result   also .Wait .Cancel .ID, and Attach by id
//	BgInvoke(closure)                        InvokeFunc                      recorded; after a crash a BgException (crash)
//	BgThread(f)                              NewThread                       one place for arguments, one for a result
//	  .invoke(*args)  .is_running()          Thread.Invoke  .IsRunning       waits until the last arguments were taken
//	  .result  .close()                      Thread.Result  .Close           waits, and consumes once; both places survive
//	parallelise(f, n, num_threads=…,         Parallelise                     NumThreads
//	  bg_exception='raise' | 'warn',                                         OnBgException(Raise | Warn)
//	  logger=…, pass_logger=True)                                            BatchLogger; Logger(ctx)
//	bg_run_proc(proc)                        RunProc, Task.RunProc           failures become warnings in the log
//	BgProcManager(logger)                    NewProcManager                  Append, AppendTask
//	  .append_new_proc(p)                    ProcManager.Append
//	  .is_deque_empty() and                  ProcManager.IsEmpty
//	    .is_no_running_threads()
//	  .wait_until_empty()                    ProcManager.WaitUntilEmpty      and Close
//	BgException(message, exc_info)           *BgException                    errors.As; %+v prints chain and stack
//
// IsRunning means "has not ended": it is true also while the job waits. Result before
// the end is [ErrNotFinished]; afterwards it is the value, a *[BgException],
// [ErrCancelled], or [ErrNotFound] once the job was pruned. These never blur.
//
// # What is promised
//
// A call that returned nil is on disk, fsynced. A job runs at least once: after a
// crash in the middle it runs again, so a function that acts on the outside must be
// able to meet its own traces (by the job's id, for example, see [Job]). Its outcome is
// recorded exactly once. A job that kills its process again and again is found out
// and set aside, and no other job with it. A crash does not use up an attempt.
//
// # Goroutines
//
// Between Start and Close the client has four goroutines of its own and one for each
// running job. Waiting costs the goroutine that waits, and nothing polls.
package bgclient
