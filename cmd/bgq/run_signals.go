package main

import (
	"os"
	"os/signal"
	"syscall"
)

// listen passes on the signals that ask to stop, the first two: the run ends for
// them in an orderly way. The third one means that this takes too long, and ends the
// process at once, as a crash would: the file bears that. A broken pipe must not kill the process,
// as what runs has to be recorded: it becomes an error of the write.
func listen() (interrupts <-chan os.Signal, stop func()) {
	asked := make(chan os.Signal, 3)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // it is, after nohup
		signal.Notify(asked, syscall.SIGHUP)
	}
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)

	passed := make(chan os.Signal, 2)
	ended := make(chan struct{})
	go func() {
		for n := 1; ; n++ {
			select {
			case s := <-asked:
				if n > cap(passed) {
					os.Exit(int(exitInterrupted))
				}
				passed <- s
			case <-ended:
				return
			}
		}
	}()
	return passed, func() {
		signal.Stop(asked)
		signal.Stop(pipe)
		close(ended)
	}
}
