package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"syscall"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/socket"
	"github.com/bgq-dev/bgq/store"
)

// target is the way to the queue in a file, an [http.RoundTripper]. Each request goes to the
// program that has the file open; if there is none, the file is opened for moments and
// the same API answers here. So a command need not know which of the two it is, and
// goes on when an app starts or ends meanwhile.
type target struct {
	path    string
	live    *live
	offline *offline
}

// tryAgain is the pause between two attempts to reach the one or the other.
const tryAgain = 20 * time.Millisecond

// RoundTrip implements [http.RoundTripper]. An app that is just starting holds the file, and
// has no socket yet; one that is ending has closed its socket, and holds the file still. So
// both are tried for a while.
func (t *target) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := exists(t.path); err != nil {
		return nil, err
	}
	var resp *http.Response
	err := patiently(req.Context(), func() (wait bool, err error) {
		if req, err = again(req); err != nil {
			return false, err
		}
		resp, err = t.once(req)
		return transient(req, err), err
	})
	return resp, err
}

// patiently calls try until it need not wait any more, or the patience is over.
func patiently(ctx context.Context, try func() (wait bool, err error)) error {
	for end := time.Now().Add(lockPatience); ; {
		wait, err := try()
		if !wait || !time.Now().Add(tryAgain).Before(end) {
			return unserved(err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(tryAgain):
		}
	}
}

// isLive tells whether an app has the file open and answers. That holds only for this moment.
func (t *target) isLive(ctx context.Context) (live bool, err error) {
	if t.offline.isOpen() {
		return false, nil
	}
	err = patiently(ctx, func() (wait bool, err error) {
		err = t.live.greet(ctx)
		live = err == nil
		if nobodyThere(err) {
			err = nil
		}
		return errors.Is(err, errAppEnds) || hungUp(err), err
	})
	return live, err
}

// hold keeps the file open until release is called, if no app has it: for what takes several
// requests.
func (t *target) hold(ctx context.Context, readOnly bool) (release func(), err error) {
	if err := exists(t.path); err != nil {
		return nil, err
	}
	err = patiently(ctx, func() (wait bool, err error) {
		if live, err := t.isLive(ctx); live || err != nil {
			release = func() {}
			return false, err
		}
		release, err = t.offline.hold(ctx, readOnly)
		return errors.Is(err, store.ErrLocked), err
	})
	return release, err
}

func (t *target) once(req *http.Request) (*http.Response, error) {
	if err := t.offline.rest(); err != nil {
		return nil, err
	}
	if !t.offline.isOpen() {
		resp, err := t.live.RoundTrip(req)
		if !nobodyThere(err) {
			return resp, err
		}
		if req, err = again(req); err != nil {
			return nil, err
		}
	}
	return t.offline.RoundTrip(req)
}

// again returns the request with its body at the beginning.
func again(req *http.Request) (*http.Request, error) {
	if req.GetBody == nil {
		return req, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Body = body
	return req, nil
}

func nobodyThere(err error) bool {
	return errors.Is(err, socket.ErrNone) || errors.Is(err, socket.ErrStale)
}

// transient tells whether err may be over in a moment, and the request may be repeated.
func transient(req *http.Request, err error) bool {
	switch {
	case errors.Is(err, store.ErrLocked), errors.Is(err, errAppEnds):
		return true
	case req.Method == http.MethodGet:
		return hungUp(err)
	}
	return false
}

// errAppEnds is met before anything was asked.
var errAppEnds = errors.New("the program that has the file open is just ending")

// hungUp tells whether the program ended in the middle of an answer.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// unserved says what to do about an app that holds the file and does not answer.
func unserved(err error) error {
	switch {
	case errors.Is(err, store.ErrLocked):
		message := err
		if e, ok := errors.AsType[*store.FileError](err); ok {
			bare := *e
			bare.Hint = ""
			message = &bare
		}
		return fail(exitLocked, "it serves no admin socket: take bgclient.WithoutSocket out of that program, mount its AdminHandler and give --addr URL, or stop it",
			"%w", message)
	case errors.Is(err, errAppEnds):
		return fail(exitLocked, "try again in a moment", "%w", err)
	case hungUp(err):
		return fail(exitError, "look again before you repeat it", "the program that has the file open ended before it had answered")
	}
	return err
}

// CloseIdleConnections implements what [http.Client] looks for.
func (t *target) CloseIdleConnections() { t.live.CloseIdleConnections() }

// close lets go of the file and of connections.
func (t *target) close() error {
	t.CloseIdleConnections()
	return t.offline.close()
}
