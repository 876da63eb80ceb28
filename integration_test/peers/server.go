package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// server is a server of ours: made for one trial, gone after it. It listens only on a Unix
// socket in the directory of the trial: the quickest way to it, and no port is taken.
type server struct {
	address string
	cmd     *exec.Cmd
	log     *bytes.Buffer
	ended   chan struct{} // closed when it has ended
}

// serve starts a server and waits until ready says that it answers.
func serve(ctx context.Context, cmd *exec.Cmd, address string, ready func(context.Context) error) (*server, error) {
	s := &server{address: address, cmd: cmd, log: &bytes.Buffer{}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait()
		close(s.ended)
	}()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return s, nil
		}
		select {
		case <-s.ended:
			return nil, fmt.Errorf("%s has ended at once:\n%s", cmd.Path, s.log)
		case <-ctx.Done():
			s.stop()
			return nil, fmt.Errorf("%s does not answer: %w", cmd.Path, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the server and waits for that.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(os.Interrupt) // for Postgres a fast shutdown, for Redis a plain one
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

// program finds a server's program: in PATH, or where Debian keeps several versions of it,
// of which the newest is taken.
func program(name string, elsewhere ...string) (string, error) {
	var found []string
	for _, pattern := range elsewhere {
		paths, _ := filepath.Glob(filepath.Join(pattern, name))
		found = append(found, paths...)
	}
	slices.Sort(found)
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	return exec.LookPath(name)
}
