// Package admin opens a window into a queue: an HTTP/JSON API to look at it and to act on it.
//
// A bbolt file belongs to one process at a time, so that nobody else can look into the
// queue of a program that runs. This package lets the program itself answer:
//
//	bgq command ──┐                                        ┌─► queue ──► store
//	other program ┼─► FILE.sock (0600) ──► Server (HTTP) ──┤
//	curl, page  ──┘   or the app's mux                     └─► executor: workers, stacks
//
// bgclient.Open serves it on a unix socket beside the file ([Server.Serve]), and its Client is an
// http.Handler for the application's own mux. Where no program runs, the bgq command
// opens the file for moments, and calls the same handler: so whatever works on a live queue
// works on a dead file.
//
// # What is promised
//
//   - No transaction stays open while a client reads: an answer is made first, and written then;
//     what is long comes in pages, in chunks or from a file of its own.
//   - Every number of a client is clamped, every body has a limit, every wait an end, and the streams at one time are
//     bounded: a client can waste its own time, but not the program's memory.
//   - A change names who asked for it, and that is stored in the same commit (see store.WithAudit).
//   - What goes wrong is application/problem+json with a stable code and a hint, see wire.Problem; but for
//     what is no request at all: package net/http answers that in plain text (400, 417, 431, 501).
//   - Bulk changes are operations: the server carries them out in chunks, so that the one writer
//     of the file is never held for long, and they can be watched, slowed down and stopped.
//
// # Who may ask
//
// The socket has mode 0600: whoever can connect to it could read the file as well. Requests that come through
// a mounted handler are refused unless they come from this machine (loopback), or a token or an
// Authorize function is set, which then decides alone. The Host must be one that is expected (loopback names, and
// Access.Hosts), against DNS rebinding, and requests that change something must not come from another site's
// page (http.CrossOriginProtection).
//
// # Goroutines
//
// A request is served by its own goroutine. An operation has one until it ends; [Server.Close] stops
// operations, ends streams and waits for all of them.
//
// openapi.yaml describes the API, is served as /v1/openapi.yaml, and is compared with the routes by a test.
package admin
