package admin

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/bgq-dev/bgq/bgclient/admin/wire"
	"github.com/bgq-dev/bgq/store"
)

// cursor says where a listing goes on. It carries the time from which the durations of the filter count,
// so that all pages have the same filter; and a sum of filter and order, so that it is not used
// for another listing. As text it is the sum, the time and the place, in base64.
type cursor struct {
	sum   [sumSize]byte
	now   time.Time
	place string // the cursor of the store; "": from the beginning
}

const (
	sumSize   = 6
	timeSize  = 8
	maxCursor = 4 << 10 // bytes of its text
)

// readCursor reads a cursor. None is one that begins now.
func readCursor(text string, now time.Time) (cursor, error) {
	if text == "" {
		return cursor{now: now}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) <= sumSize+timeSize || len(text) > maxCursor {
		return cursor{}, badCursor("it is not one that was given out")
	}
	c := cursor{place: string(b[sumSize+timeSize:])}
	copy(c.sum[:], b)
	// In the zone of this machine, for which the days of a filter are meant.
	c.now = time.Unix(0, int64(binary.BigEndian.Uint64(b[sumSize:])))
	return c, nil
}

// check refuses the cursor of another listing.
func (c *cursor) check(req *store.ListRequest) error {
	if c.place != "" && c.sum != c.sumOf(req, c.place) {
		return badCursor("it belongs to another filter or order")
	}
	return nil
}

// write returns the text of the cursor for what comes next in a listing.
func (c *cursor) write(req *store.ListRequest) string {
	if req.Cursor == "" {
		return ""
	}
	sum := c.sumOf(req, req.Cursor)
	b := binary.BigEndian.AppendUint64(bytes.Clone(sum[:]), uint64(c.now.UnixNano()))
	return base64.RawURLEncoding.EncodeToString(append(b, req.Cursor...))
}

func (c *cursor) sumOf(req *store.ListRequest, place string) (sum [sumSize]byte) {
	h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%v\x00%d\x00%d\x00%s", canonical(req.Filter), req.Ascending, req.From, c.now.UnixNano(), place))
	copy(sum[:], h[:])
	return sum
}

func badCursor(why string) error {
	return wire.NewProblem(wire.CodeBadCursor, "begin again without one", "the cursor is of no use: %s", why)
}
