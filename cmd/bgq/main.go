// Command bgq looks into a queue of background jobs and acts on it, and runs
// shell commands as a batch that survives a crash.
//
// There is one way to a queue, the admin API, and every verb is written once, against its client:
//
//	verb ──► client ──► target ──┬─► the app's socket, FILE.sock        (live)
//	                             └─► the same API here, over the file   (offline)
//
// The target tries the socket first, request by request. Offline the file is opened for moments,
// while requests follow each other; it is never held open while somebody reads the output, thinks
// about a question or waits for the next frame of --watch, so that it never keeps an app from
// starting. A verb that changes something holds the file as long as the change takes. While an app
// holds the file and serves no socket, the command says so and leaves with code 11. What no app
// could do for it, like bgq run, works on the file itself.
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
