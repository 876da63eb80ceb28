package main

import (
	"context"
	"sync"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin"
	"github.com/bgq-dev/bgq/bgclient/admin/socket"
	"github.com/bgq-dev/bgq/executor"
)

// serveRun answers the other commands while a batch runs, on the socket beside the file, so that they can look
// at it. Where that is not possible the batch runs all the same.
func (a *app) serveRun(f *file) func(*executor.Executor) (stop func()) {
	return func(exec *executor.Executor) func() {
		server, err := admin.New(admin.Config{
			Queue: f.queue, File: f.store, Executor: exec, Version: currentBuild().Version, Actor: whoAmI(),
		})
		if err != nil {
			a.detail("bgq run: nobody can look at it while it runs: %v", err)
			return func() {}
		}
		var serving sync.WaitGroup
		if l, err := socket.Listen(a.db); err != nil {
			a.detail("bgq run: nobody can look at it while it runs: %v", err)
		} else {
			serving.Go(func() { _ = server.Serve(l) })
		}
		return func() {
			// Who still reads an answer may finish, but not for long.
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_ = server.Close(ctx)
			serving.Wait()
		}
	}
}
