package boltstore

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/bgq-dev/bgq/store"
)

// The bounds of one page: none holds a transaction open for long, however little the
// filter selects, and however large the parts are.
const (
	defaultLimit = 100
	maxScanned   = 20_000
	maxPageBytes = 16 << 20
)

// List implements [store.Store]. A page ends early, with a cursor for the next, when
// many records were looked at or many bytes were read. See listing for which index it
// walks.
func (s *Store) List(ctx context.Context, req store.ListRequest) (store.Page, error) {
	l, err := s.newListing(&req)
	if err != nil {
		return store.Page{}, err
	}
	var page store.Page
	err = s.view(ctx, func(r *reader) error {
		page = store.Page{}
		return l.fill(r, &page)
	})
	if err != nil {
		return store.Page{}, err
	}
	return page, nil
}

// listing is a request that was checked.
type listing struct {
	*store.ListRequest
	byState bool   // the order is by state, not by id alone
	past    []byte // the place of the last job of the page before; nil: from the start
}

func (s *Store) newListing(req *store.ListRequest) (*listing, error) {
	l := &listing{ListRequest: req}
	l.byState = req.Filter.States != 0 && len(req.Filter.Batches) == 0
	switch {
	case req.Limit == 0:
		req.Limit = defaultLimit
	case req.Limit < 0:
		return nil, fmt.Errorf("the limit of a page is %d", req.Limit)
	}
	if req.From != 0 && (len(req.Filter.Batches) != 1 || !req.Ascending || req.From < 0 || req.From > store.MaxMember) {
		return nil, errors.New("a listing with From needs a single batch, Ascending, and an index")
	}
	if err := s.checkCount(len(req.Filter.IDs)); err != nil {
		return nil, err
	}
	if req.Cursor == "" {
		return l, nil
	}
	return l, l.readCursor(req.Cursor)
}

// fill reads a page.
func (l *listing) fill(r *reader, page *store.Page) error {
	parts, size := l.Parts, 0
	forMatch := store.HeadOnly
	if l.Filter.NeedsFailures() {
		forMatch = store.PartFailures
	}
	w, err := l.walk(r)
	if err != nil {
		return err
	}
	for e, ok := w.next(); ok; e, ok = w.next() {
		page.Scanned++
		j, err := r.record(e.id)
		if err != nil {
			return err
		}
		if j == nil {
			return damagedJob(e.id, "index", errors.New("it stands there, but there is no such job"))
		}
		if err := r.parts(j, forMatch); err != nil {
			return err
		}
		matches := (l.From == 0 || j.Index >= l.From) && l.Filter.Match(&j.Job)
		if matches {
			if err := r.parts(j, parts&^forMatch); err != nil {
				return err
			}
		}
		size += sizeOfParts(&j.Job) // of all that was read
		if matches {
			if parts&store.PartFailures == 0 {
				j.Failures = nil
			}
			page.Jobs = append(page.Jobs, j.Job)
		}
		if len(page.Jobs) == l.Limit || page.Scanned >= maxScanned || size >= maxPageBytes {
			page.Next = l.writeCursor(e.place)
			return nil
		}
	}
	return nil
}

func sizeOfParts(j *store.Job) int {
	n := len(j.Args) + len(j.Result)
	for i := range j.Failures {
		n += len(j.Failures[i].Message) + len(j.Failures[i].Stack) + len(j.Failures[i].Output)
	}
	for i := range j.Checkpoints {
		n += len(j.Checkpoints[i].Value)
	}
	return n
}

// A cursor is the sum of the request and the place of the last job, in base64.

func (l *listing) writeCursor(place []byte) string {
	b := binary.BigEndian.AppendUint32(nil, l.sum())
	return base64.RawURLEncoding.EncodeToString(append(b, place...))
}

var errCursor = errors.New("the cursor does not belong to this listing: begin with an empty one")

func (l *listing) readCursor(cursor string) error {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) < 4 || binary.BigEndian.Uint32(b) != l.sum() {
		return errCursor
	}
	l.past = b[4:]
	if len(l.past) < idLen || l.byState && len(l.past) < 1+idLen {
		return errCursor
	}
	return nil
}

// sum tells listings apart, so that a cursor is not used for another.
func (l *listing) sum() uint32 {
	return crc32.Checksum(fmt.Appendf(nil, "%+v %v %d", l.Filter, l.Ascending, l.From), castagnoli)
}
