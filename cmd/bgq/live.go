package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// live carries requests to a program that serves the admin API. Before the first one it makes sure
// that whoever listens there is one, and understands this command.
type live struct {
	name      string // of the socket or URL, for people
	base      string
	transport http.RoundTripper
	header    http.Header
	detail    func(format string, args ...any)
	greeted   atomic.Bool
}

// apiVersion is what this command speaks.
const apiVersion = 1

// greetPatience is how long a program may take to say who it is.
const greetPatience = 10 * time.Second

// RoundTrip implements [http.RoundTripper].
func (l *live) RoundTrip(req *http.Request) (*http.Response, error) {
	if !l.greeted.Load() {
		if err := l.greet(req.Context()); err != nil {
			return nil, err
		}
	}
	resp, err := l.transport.RoundTrip(req)
	if err != nil {
		l.greeted.Store(false) // the next one may be another program
	}
	return resp, err
}

// greet asks who is there.
func (l *live) greet(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, greetPatience, errMute)
	defer cancel()
	c := client.New(l.transport, l.base)
	c.Header = l.header
	info, err := c.Info(ctx)
	switch {
	case isProblem(err, wire.CodeClosed):
		return errAppEnds
	case errors.Is(err, errMute):
		return fail(exitTimeout, "is the program stopped, or stuck?", "%s: somebody listens there, but has not answered within %v", l.name, greetPatience)
	case err != nil:
		return l.noAPI(err)
	case info.API == 0:
		return l.noAPI(errors.New("the answer does not say which version of the API it is"))
	case info.API != apiVersion:
		return fail(exitMismatch, fmt.Sprintf("that program was built with bgq %s: use the bgq command of that version", clean(info.Version)),
			"%s: the program there speaks version %d of the admin API, this command version %d", l.name, info.API, apiVersion)
	}
	l.greeted.Store(true)
	l.detail("process %d has the queue open (bgq %s): asking it", info.PID, info.Version)
	return nil
}

var errMute = errors.New("no answer")

// noAPI tells what listens but is no bgq admin API from what cannot be reached.
func (l *live) noAPI(err error) error {
	if p, ok := errors.AsType[*wire.Problem](err); ok {
		switch p.Code {
		case wire.CodeInternal, wire.CodeNotFound, wire.CodeNotAllowed:
		default:
			return err
		}
	} else if nobodyThere(err) || hungUp(err) || errors.Is(err, fs.ErrPermission) || errors.Is(err, context.Canceled) || unreachable(err) {
		return err
	}
	return fail(exitMismatch, "it must be the socket beside the file, or the URL where a program mounts its AdminHandler",
		"%s: whoever answers there is no bgq admin API: %w", l.name, err)
}

// CloseIdleConnections lets connections go that are not in use.
func (l *live) CloseIdleConnections() {
	if t, ok := l.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}
