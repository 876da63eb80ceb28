package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

const (
	slowest       = 256 << 10        // bytes a second that a client has to read
	bodyPatience  = 30 * time.Second // for a client to send a body
	closePatience = time.Second      // for a client to read or write what does not matter any more
	maxLarge      = 16               // answers with values at one time
	smallAnswer   = 64 << 10         // bytes of an answer that is not worth counting
)

// answer is where a handler writes to. It sets a time by which each write has to be done, so that no
// client can hold an answer for long. (net/http takes it away for the next request. Writers without deadlines
// do not block.)
type answer struct {
	http.ResponseWriter
	s       *Server
	control *http.ResponseController
	begun   bool
	stop    func() bool

	mu   sync.Mutex // held while deadlines are set
	body bool       // there is one that has not been read to its end
	over bool       // the connection may be another request's: its deadlines are no longer ours
}

func newAnswer(s *Server, w http.ResponseWriter) *answer {
	a := &answer{ResponseWriter: w, s: s, control: http.NewResponseController(w)}
	a.stop = context.AfterFunc(s.life, func() { a.allow(0) })
	return a
}

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (a *answer) Write(b []byte) (int, error) {
	a.begun = true
	a.allow(len(b))
	return a.ResponseWriter.Write(b)
}

// allow gives the client the time to read so many bytes, and none to linger once the server is closing.
func (a *answer) allow(bytes int) {
	patience := streamPatience + time.Duration(bytes)*time.Second/slowest
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return
	}
	if a.s.life.Err() != nil {
		patience = closePatience
		if a.body {
			_ = a.control.SetReadDeadline(time.Now().Add(closePatience))
		}
	}
	_ = a.control.SetWriteDeadline(time.Now().Add(patience))
}

// finish sends what is written: when the last request has been answered, connections are cut.
func (a *answer) finish() {
	a.stop()
	if a.begun {
		_ = a.control.Flush()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
}

// fail answers with the problem that an error is.
func (a *answer) fail(r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		if cause := context.Cause(r.Context()); cause != nil {
			err = cause
		}
	}
	p := problemOf(err)
	switch p.Code {
	case wire.CodeInternal, wire.CodeDamaged, wire.CodeUnknown:
		a.s.log.Warn("a request to the admin API has failed", zap.String("method", r.Method), zap.String("path", r.URL.Path), zap.Error(err))
	}
	if a.begun {
		return // too late to say so
	}
	b, err := json.Marshal(p)
	if err != nil { // it holds texts and numbers
		panic(err)
	}
	a.hurry()
	header := a.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Set("Content-Length", strconv.Itoa(len(b)+1))
	if p.Code == wire.CodeUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="bgq"`)
	}
	a.WriteHeader(p.Status)
	_, _ = a.Write(append(b, '\n'))
}

// hurry gives the client a moment for the rest of a body that nobody will read: it is waited for before the answer
// is sent.
func (a *answer) hurry() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.body {
		_ = a.control.SetReadDeadline(time.Now().Add(closePatience))
	}
}

// prepareBody limits the time in which the body has to arrive, where there may be one.
func (a *answer) prepareBody(r *http.Request) error {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		r.Body = http.NoBody
		return nil
	}
	a.mu.Lock()
	a.body = true
	_ = a.control.SetReadDeadline(time.Now().Add(bodyPatience))
	a.mu.Unlock()
	r.Body = &watchedBody{r.Body, a}
	if r.Method != http.MethodPost && r.Method != http.MethodPatch {
		return wire.NewProblem(wire.CodeBadRequest, "leave the body out", "%s takes no body", r.Method)
	}
	return nil
}

// watchedBody tells when all of a body is there. From then on net/http reads from the connection, to see
// whether the client is still there, and takes the deadline away.
type watchedBody struct {
	io.ReadCloser
	a *answer
}

// Read implements [io.Reader].
func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		b.a.mu.Lock()
		b.a.body = false
		b.a.mu.Unlock()
	}
	return n, err
}

// reserve waits for the right to make a large answer: only so many are made and sent at one time, because each
// of them is in memory as a whole. release gives it back.
func (s *Server) reserve(ctx context.Context) (release func(), err error) {
	timer := time.NewTimer(streamPatience)
	defer timer.Stop()
	select {
	case s.large <- struct{}{}:
		return sync.OnceFunc(func() { <-s.large }), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-timer.C:
		return nil, wire.NewProblem(wire.CodeTooMany, "try again; ask for less at a time", "%d large answers are being read", maxLarge)
	}
}
