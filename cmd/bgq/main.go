// Command bgq looks into a queue of background jobs and acts on it, and runs
// shell commands as a batch that survives a crash.
//
// It works on the one file that holds the queue. A read opens the file, reads, and
// closes it again at once; it is never held open while somebody reads the output
// or thinks about a question, so that it never keeps an app from starting. A verb that
// changes something holds the file as long as the change takes. While an app holds
// it, the command says so and leaves with code 11.
//
// Data goes to stdout, everything else to stderr. What comes out of the file is never
// trusted with the terminal: control characters are shown, not sent. The exit
// codes are part of the interface: see exit.go, or bgq help exit-codes.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run runs one command line and returns its exit code. The first interrupt ends the
// context; a second one ends the process, unless the command listens for it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	return newApp(stdin, stdout, stderr).execute(ctx, args)
}
