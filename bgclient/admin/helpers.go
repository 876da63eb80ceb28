package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
)

// writeJSON answers with a value. All of it is made before any of it is sent, so that nothing is
// held while a slow client reads.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that has left is no error of ours
	return nil
}

// decode reads the body of a request, a single JSON object, into v. A field that v does not have
// is refused: it is a word that was misspelt, and what it should have said would be missing.
func decode(r *http.Request, v any) error {
	found, err := decodeAny(r, v)
	if err == nil && !found {
		return wire.NewProblem(wire.CodeBadRequest, "send a JSON object", "the body is empty")
	}
	return err
}

// decodeOptional is decode for a body that need not be there: then v stays as it is.
func decodeOptional(r *http.Request, v any) error {
	_, err := decodeAny(r, v)
	return err
}

func decodeAny(r *http.Request, v any) (found bool, err error) {
	b, release, err := body(r)
	if err != nil {
		return false, err
	}
	defer release()
	if len(bytes.TrimSpace(b)) == 0 {
		return false, nil
	}
	return true, unmarshal(b, v)
}

// smallBody is how many bytes of a body are read in any case. Larger ones are read and decoded only so many at
// a time: decoded, each of them can take some times its size for a moment.
const smallBody = 64 << 10

var largeBodies = make(chan struct{}, 4)

// body reads the body of a request, up to maxRequest bytes. It must be JSON, unless it is empty. release is to be called
// when it is not used any more.
func body(r *http.Request) (b []byte, release func(), err error) {
	in := http.MaxBytesReader(nil, r.Body, maxRequest)
	release = func() {}
	var all bytes.Buffer
	if _, err = io.CopyN(&all, in, smallBody); errors.Is(err, io.EOF) {
		err = nil
	} else if err == nil {
		if release, err = waitForRoom(r.Context()); err != nil {
			return nil, nil, err
		}
		all.Grow(int(min(max(r.ContentLength-smallBody, 0), maxRequest)) + bytes.MinRead)
		_, err = all.ReadFrom(in)
	}
	switch {
	case err != nil:
		err = unread(err)
	case all.Len() > 0:
		err = checkType(r.Header)
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return all.Bytes(), release, nil
}

// unread is the problem that a body has which could not be read to its end. An error of the connection names
// addresses, which are nobody's business.
func unread(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return wire.NewProblem(wire.CodeTooLarge, "send it in several requests", "the body is larger than %d MiB", maxRequest>>20)
	}
	why := "the connection has broken"
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		why = "it did not arrive in time"
	case errors.Is(err, io.ErrUnexpectedEOF):
		why = "it is shorter than was said"
	}
	return wire.NewProblem(wire.CodeBadRequest, "send it again", "the body could not be read: %s", why)
}

// checkType refuses a body that is not JSON as it is.
func checkType(h http.Header) error {
	if kind, _, _ := mime.ParseMediaType(h.Get("Content-Type")); kind != "application/json" {
		return wire.NewProblem(wire.CodeMediaType, "send it with the header Content-Type: application/json", "the body is of type %.100q, not JSON", h.Get("Content-Type"))
	}
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return wire.NewProblem(wire.CodeMediaType, "send it without the header Content-Encoding", "the body is encoded as %.100q", coding)
	}
	return nil
}

// waitForRoom waits until one more large body may be read.
func waitForRoom(ctx context.Context) (release func(), err error) {
	timer := time.NewTimer(streamPatience)
	defer timer.Stop()
	select {
	case largeBodies <- struct{}{}:
		return func() { <-largeBodies }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-timer.C:
		return nil, wire.NewProblem(wire.CodeTooMany, "try again; send less at a time", "%d large requests are being read", cap(largeBodies))
	}
}

func unmarshal(b []byte, v any) error {
	if n := widest(b); n > maxSelected {
		return wire.NewProblem(wire.CodeTooLarge, "send it in several requests", "the body has a list with %d elements, and %d are the most", n, maxSelected)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, end := d.Token(); end != io.EOF {
			err = errors.New("something follows the value")
		}
	}
	if err != nil {
		return wire.NewProblem(wire.CodeBadRequest, "openapi.yaml describes it: GET /v1/openapi.yaml", "the body cannot be read: %.300s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// widest counts the elements of the largest list that stands directly in the object of a body.
// Decoded, such an element can take a hundred times the bytes that it has as JSON, so they are
// counted before. In JSON that is not valid it is any number: it will be refused anyway.
func widest(b []byte) int {
	most, n, depth := 0, 0, 0
	text := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			if depth++; depth == 2 {
				n = 1
			}
		case c == '}' || c == ']':
			depth--
		case c == ',' && depth == 2:
			n++
		}
		most = max(most, n)
	}
	return most
}
