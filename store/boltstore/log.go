package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/bgq-dev/bgq/store"
)

const (
	// maxLines is the most lines that one call of Logs returns, defaultLines how many it
	// returns if it is not told.
	maxLines     = 10_000
	defaultLines = 1000
)

// Logs implements [store.Store]. It returns at most 10,000 lines, and fewer if they are large:
// go on behind the last one until there is none. A limit of 0 means 1000.
func (s *Store) Logs(ctx context.Context, id store.ID, after int64, limit int) ([]store.LogLine, error) {
	if limit <= 0 {
		limit = defaultLines
	}
	limit = min(limit, maxLines)
	if after >= math.MaxUint32 {
		return nil, ctx.Err()
	}
	var lines []store.LogLine
	err := s.view(ctx, func(r *reader) error {
		c := r.bucket(tableLog).Cursor()
		size := 0
		for k, sealed := c.Seek(lineKey(id, uint32(max(0, after))+1)); bytes.HasPrefix(k, id[:]); k, sealed = c.Next() {
			if len(lines) == limit || size >= maxPageBytes {
				break
			}
			line, err := readLine(k, sealed)
			if err != nil {
				return damagedJob(id, "log", err)
			}
			lines = append(lines, line)
			size += len(sealed)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return lines, nil
}

// lineKey orders the lines of a job by their number.
func lineKey(id store.ID, n uint32) []byte {
	return binary.BigEndian.AppendUint32(id[:idLen:idLen], n)
}

const lineKeyLen = idLen + 4

func readLine(key, sealed []byte) (store.LogLine, error) {
	var line store.LogLine
	if len(key) != lineKeyLen {
		return line, errLayout
	}
	if err := decodeMsgpack(key, sealed, &line); err != nil {
		return line, err
	}
	line.Seq = int64(binary.BigEndian.Uint32(key[idLen:]))
	line.At = line.At.UTC()
	return line, nil
}

// prepareLines checks lines and encodes them. They are sealed when their numbers are known. It
// adds their sizes to weight.
func (s *Store) prepareLines(lines []store.LogLine, weight *int) ([][]byte, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	if err := s.checkCount(len(lines)); err != nil {
		return nil, err
	}
	all := make([][]byte, len(lines))
	for i, line := range lines {
		if err := checkText("text of a log line", line.Text, store.MaxLogText); err != nil {
			return nil, err
		}
		if err := checkText("level of a log line", line.Level, store.MaxLogLevel); err != nil {
			return nil, err
		}
		if line.At.IsZero() {
			line.At = s.Now()
		}
		if err := checkTime("the time of a log line", line.At); err != nil {
			return nil, err
		}
		var err error
		if all[i], err = marshal(&line); err != nil {
			return nil, fmt.Errorf("log line: %w", err)
		}
		*weight += len(all[i])
	}
	return all, nil
}

// appendLines adds encoded lines to the log of a job.
func (t *txn) appendLines(id store.ID, lines [][]byte) {
	if len(lines) == 0 {
		return
	}
	n := t.lastLine(id)
	for _, line := range lines {
		n++
		key := lineKey(id, n)
		t.put(tableLog, key, sealValue(key, line))
	}
	t.hint(store.OnLog, id)
}

// spareLogs keeps the logs of jobs that end out of the reserve of the disk: it is for the outcomes. One
// line tells what is missing.
func (s *Store) spareLogs(tx *bbolt.Tx, ends []end) {
	logged := func(e end) bool { return len(e.lines) > 0 }
	if !slices.ContainsFunc(ends, logged) || s.nearlyFull(tx) == nil {
		return
	}
	for i := range ends {
		e := &ends[i]
		if len(e.lines) == 0 {
			continue
		}
		gap := e.Lines[len(e.Lines)-1]
		gap.Level, gap.Text = "warn", fmt.Sprintf("… %d lines left out: the disk is nearly full", len(e.Lines))
		if gap.At.IsZero() {
			gap.At = s.Now()
		}
		e.lines = e.lines[:0]
		if line, err := marshal(&gap); err == nil {
			e.lines = append(e.lines, line)
		}
	}
}

// lastLine returns the number of the last line of a job, or 0. It looks from behind, and steps
// over pages that this transaction has emptied: on these a cursor that goes back stands
// still for a moment, and yields nothing. It comes to an end because there is a first line.
func (r *reader) lastLine(id store.ID) uint32 {
	c := r.bucket(tableLog).Cursor()
	first, _ := c.Seek(id[:])
	if !bytes.HasPrefix(first, id[:]) {
		return 0
	}
	var k []byte
	if end := after(id[:]); end != nil {
		k, _ = c.Seek(end)
	}
	if k != nil {
		k, _ = c.Prev()
	} else {
		k, _ = c.Last()
	}
	for !bytes.HasPrefix(k, id[:]) {
		k, _ = c.Prev()
	}
	if len(k) != lineKeyLen {
		return 0
	}
	return binary.BigEndian.Uint32(k[idLen:])
}
