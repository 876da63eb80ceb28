package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Serve answers on a unix socket, where whoever can connect may do everything, until Close; then it
// returns nil. It closes the listener in any case. Elsewhere mount [Server.Handler].
func (s *Server) Serve(l net.Listener) error {
	if network := l.Addr().Network(); network != "unix" {
		return errors.Join(fmt.Errorf("admin: anybody could connect to %s (%s): Serve is for unix sockets, mount Handler instead", l.Addr(), network), l.Close())
	}
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return l.Close()
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()

	err := s.web.Serve(l)

	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
	if s.closing || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return errors.Join(err, l.Close())
}

// endPatience is the moment that a request has to end which has nothing more to do.
const endPatience = 100 * time.Millisecond

// Close stops listening, ends waits, streams and operations, and returns when the last request has
// been answered. When ctx ends before that, its error is returned, and connections to the sockets are
// cut; but also with a context that is over already, those who only wait get the moment they need to end. New
// requests are refused. A second Close waits as well.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	listeners := s.listeners
	s.listeners = nil
	s.mu.Unlock()

	var errs []error
	for l := range listeners {
		errs = append(errs, l.Close())
	}
	s.end(errClosing)
	idle := make(chan struct{})
	go func() {
		s.busy.Wait()
		close(idle)
	}()
	select {
	case <-idle:
	case <-ctx.Done():
		select {
		case <-idle:
		case <-time.After(endPatience):
			errs = append(errs, fmt.Errorf("requests to the admin API are still under way: %w", context.Cause(ctx)))
		}
	}
	// What is left are connections without a request: they need not be waited for.
	return errors.Join(append(errs, s.web.Close())...)
}

// enter counts a request in, which has to call busy.Done at its end. false: the server is closing.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.busy.Add(1)
	return true
}
