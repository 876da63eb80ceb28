// Package client calls the admin API of a queue: that of a live program through the socket
// beside its file, or any other through a RoundTripper.
//
// An answer that is not a success is a [*wire.Problem]; match it with errors.As, and
// branch on its Code. Other errors come from the transport. A Client has no state of its own,
// and may be used from any goroutine.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// Client calls one admin API.
type Client struct {
	http *http.Client
	base string
	// Header is sent with every request, for example an Authorization.
	Header http.Header
}

// New returns a client of the API below base, for example "https://host/ops/bgq", through
// a transport.
func New(transport http.RoundTripper, base string) *Client {
	return &Client{
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		base: strings.TrimRight(base, "/"),
	}
}

// Close closes connections that are idle. The client may be used again.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// maxBody bounds what is read of an answer that is decoded as a whole.
const maxBody = 256 << 20

// call sends a request with a JSON body, unless in is nil, and decodes the answer into
// out, unless that is nil.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, in, out any, header ...string) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
		header = append(header, "Content-Type", "application/json")
	}
	resp, err := c.send(ctx, method, path, query, body, header...)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if out == nil {
		_, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody))
		return err
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(out); err != nil {
		return fmt.Errorf("%s %s: the answer cannot be read: %w", method, path, err)
	}
	return nil
}

// send sends a request. What is not a success is a *wire.Problem.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, body io.Reader, header ...string) (*http.Response, error) {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	for name, values := range c.Header {
		req.Header[name] = values
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // the rest of it only repeats the address
		}
		return nil, err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		defer resp.Body.Close()
		return nil, problemOf(resp)
	}
	return resp, nil
}

// problemOf reads the problem of an answer, also where something in between has answered.
func problemOf(resp *http.Response) error {
	const most = 1 << 20
	b, _ := io.ReadAll(io.LimitReader(resp.Body, most))
	p := &wire.Problem{}
	if json.Unmarshal(b, p) != nil || p.Code == "" {
		text, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
		p = wire.NewProblem(wire.CodeInternal, "is this the address of a bgq admin API?", "HTTP status %s: %.200q", resp.Status, text)
		p.Status = resp.StatusCode
	}
	return p
}

// escape makes a name one segment of a path, also the names that would mean another place.
func escape(name string) string {
	if name == "." || name == ".." {
		return strings.ReplaceAll(name, ".", "%2E")
	}
	return url.PathEscape(name)
}
