package socket

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"time"
)

// BaseURL begins the URL of every request over a [Transport]. Its host has no meaning but
// to be the same for all.
const BaseURL = "http://bgq"

// dialTimeout ends the waiting of a connection for which nobody may wait any more.
const dialTimeout = 10 * time.Second

// Transport returns the way of HTTP requests to the program that has a file open, whatever
// host their URL names. Each new connection looks for the socket anew, so a program
// that was restarted is found. Its errors match those of [Dial].
//
// Connections are kept and used again; call CloseIdleConnections at the end. Their number is
// not limited, for requests that wait for a job or follow events keep theirs for long.
// For the same reason an answer may take any time: limit it by the context of the request.
func Transport(db string) *http.Transport {
	if abs, err := filepath.Abs(db); err == nil {
		db = abs // the working directory may change
	}
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, dialTimeout)
			defer cancel()
			return Dial(ctx, db)
		},
		DisableCompression:     true, // it never leaves the machine
		MaxIdleConns:           8,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        30 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}
