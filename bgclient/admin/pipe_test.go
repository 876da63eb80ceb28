package admin

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
)

// pipes is a listener whose connections are pipes: HTTP as over a socket, with virtual time. A pipe has no
// buffer, so that a client which does not read is seen at once.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	close func()
}

// listen serves the API over pipes until the test ends.
func (f *fixture) listen() *pipes {
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.done) })
	over := make(chan error, 1)
	go func() { over <- f.s.Serve(p) }()
	f.t.Cleanup(func() {
		if err := f.s.Close(context.Background()); err != nil {
			f.t.Error(err)
		}
		if err := <-over; err != nil {
			f.t.Error(err)
		}
	})
	return p
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.close(); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// client returns a client that connects through the pipes.
func (p *pipes) client(t testing.TB) *client.Client {
	transport := &http.Transport{DialContext: p.dial}
	t.Cleanup(transport.CloseIdleConnections)
	return client.New(transport, "http://bgq")
}

// get sends a request, whose answer the test reads and closes.
func (p *pipes) get(ctx context.Context, t testing.TB, path string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://bgq"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{DialContext: p.dial, DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}
