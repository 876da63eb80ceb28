package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/bgq-dev/bgq/bgclient/admin/client"
	"github.com/bgq-dev/bgq/bgclient/admin/socket"
)

// api returns the client that every verb goes through: to the file of --db, or to --addr.
func (a *app) api() (*client.Client, error) {
	if a.client != nil {
		return a.client, nil
	}
	var err error
	if a.addr != "" {
		a.client, err = a.dialAddr(a.addr)
		return a.client, err
	}
	t := socket.Transport(a.db)
	markDial(t)
	a.target = &target{
		path:    a.db,
		live:    &live{name: socket.Path(a.db), base: socket.BaseURL, transport: t, detail: a.detail},
		offline: newOffline(a.db, a.say, a.detail),
	}
	a.client = client.New(a.target, socket.BaseURL)
	return a.client, nil
}

// hangUp closes what api has opened.
func (a *app) hangUp() error {
	switch {
	case a.target != nil:
		return a.target.close()
	case a.client != nil:
		a.client.Close()
	}
	return nil
}

// dialAddr returns the client for an address that was given instead of a file.
func (a *app) dialAddr(addr string) (*client.Client, error) {
	const hint = "give unix:/path/of.sock, http://host:port/prefix or https://…"
	t := http.DefaultTransport.(*http.Transport).Clone()
	base := addr
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		if path == "" {
			return nil, usage(hint, "--addr %s: the path of the socket is missing", addr)
		}
		base = socket.BaseURL
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
	} else if u, err := url.Parse(addr); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usage(hint, "--addr %s: this is no address of an admin API", addr)
	}
	markDial(t)
	header := http.Header{}
	if token := os.Getenv("BGQ_TOKEN"); token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	c := client.New(&live{name: addr, base: base, transport: t, header: header, detail: a.detail}, base)
	c.Header = header
	return c, nil
}

// dialError is a connection that could not be made.
type dialError struct{ error }

func (e dialError) Unwrap() error { return e.error }

// markDial lets unreachable recognise connections that could not be made.
func markDial(t *http.Transport) {
	dial := t.DialContext
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			err = dialError{err}
		}
		return c, err
	}
}

// unreachable tells whether there was no conversation at all.
func unreachable(err error) bool {
	if _, ok := errors.AsType[dialError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

// isLive tells whether an app answers, and not the file itself. That holds only for this moment.
func (a *app) isLive(ctx context.Context) (bool, error) {
	if _, err := a.api(); err != nil || a.target == nil {
		return true, err
	}
	return a.target.isLive(ctx)
}

// hold keeps the file open until release is called, if no app has it: for what takes several requests.
func (a *app) hold(ctx context.Context, readOnly bool) (release func(), err error) {
	if _, err := a.api(); err != nil || a.target == nil {
		return func() {}, err
	}
	return a.target.hold(ctx, readOnly)
}
